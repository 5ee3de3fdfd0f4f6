/** A column of a table. */
export interface Column<Row> {
  label: string
  /** What it means, where the label does not say it all. */
  help?: string
  /** A track of a CSS grid. */
  width?: string
  right?: boolean
  mono?: boolean
  /** Drawn as a tag. */
  tag?: boolean
  text: (row: Row) => string
  /** What a pointer that rests on it is told; the text itself otherwise. */
  title?: (row: Row) => string
  tone?: (row: Row) => string
}
