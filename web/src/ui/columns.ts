/** A column of a table. */
export interface Column<Row> {
  label: string
  /** What it means, where the label does not say it all. */
  help?: string
  /** A track of a CSS grid. */
  width?: string
  right?: boolean
  mono?: boolean
  /** On a phone it has the card's whole width and two lines; only for the last column. */
  wide?: boolean
  /** Drawn as a tag. */
  tag?: boolean
  text: (row: Row) => string
  /** What a pointer that rests on it is told; the text itself otherwise. */
  title?: (row: Row) => string
  tone?: (row: Row) => string
}
