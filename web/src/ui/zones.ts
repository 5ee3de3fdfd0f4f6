/**
 * Zones and breaks over candles, as a primitive of the chart. A zone is dashed from the bar that it is about
 * until it was known, and filled from then on: before that nobody could have acted on it.
 */
import type { CanvasRenderingTarget2D } from 'fancy-canvas'
import type { IChartApi, ISeriesApi, ISeriesPrimitive, SeriesAttachedParameter, Time } from 'lightweight-charts'

/** A thing to draw, in places of candles and prices. */
export interface Zone {
  name: string
  colour: string
  top: number
  bottom: number
  /** Place of the bar that it is about; below zero it began before the first candle. */
  from: number
  /** Place of the bar with which it was known. */
  known: number
  /** Place of the bar at which it ended; null while it lives. */
  to: number | null
  isBreak: boolean
}

export class Zones implements ISeriesPrimitive<Time> {
  #chart: IChartApi | null = null
  #series: ISeriesApi<'Candlestick'> | null = null
  #update: () => void = () => undefined
  #zones: Zone[] = []
  #font = ''

  attached({ chart, series, requestUpdate }: SeriesAttachedParameter<Time>): void {
    this.#chart = chart as IChartApi
    this.#series = series as ISeriesApi<'Candlestick'>
    this.#update = requestUpdate
  }

  detached(): void {
    this.#chart = null
    this.#series = null
  }

  set(zones: Zone[], font: string): void {
    this.#zones = zones
    this.#font = font
    this.#update()
  }

  paneViews() {
    const draw = (target: CanvasRenderingTarget2D) => this.#draw(target)
    return [{ zOrder: () => 'bottom' as const, renderer: () => ({ draw }) }]
  }

  #draw(target: CanvasRenderingTarget2D): void {
    const [chart, series] = [this.#chart, this.#series]
    if (!chart || !series) return
    const scale = chart.timeScale()
    const spacing = scale.options().barSpacing
    const x = (place: number) => scale.logicalToCoordinate(place as never) ?? Number.NaN
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      context.font = `10px ${this.#font}`
      context.textBaseline = 'bottom'
      for (const zone of this.#zones) {
        const top = series.priceToCoordinate(zone.top)
        const bottom = series.priceToCoordinate(zone.bottom)
        const [from, known] = [x(zone.from), x(zone.known)]
        const to = zone.to === null ? mediaSize.width : x(zone.to)
        if (top === null || bottom === null || Number.isNaN(from + known + to)) continue
        if (zone.isBreak) this.#line(context, zone, from, known, top)
        else this.#box(context, zone, { from: from - spacing / 2, known: known + spacing / 2, to, top, bottom })
      }
    })
  }

  #line(context: CanvasRenderingContext2D, zone: Zone, from: number, known: number, y: number): void {
    context.strokeStyle = zone.colour
    context.lineWidth = 1
    context.setLineDash([4, 3])
    context.beginPath()
    context.moveTo(from, y)
    context.lineTo(known, y)
    context.stroke()
    context.setLineDash([])
    context.fillStyle = zone.colour
    context.textAlign = 'center'
    context.fillText(zone.name, (from + known) / 2, y - 1)
  }

  #box(
    context: CanvasRenderingContext2D,
    zone: Zone,
    at: { from: number; known: number; to: number; top: number; bottom: number },
  ): void {
    const height = Math.max(1, at.bottom - at.top)
    const known = Math.min(at.known, Math.max(at.to, at.from))
    context.strokeStyle = `${zone.colour}90`
    context.lineWidth = 1
    context.setLineDash([3, 3])
    context.strokeRect(at.from, at.top, known - at.from, height)
    context.setLineDash([])
    if (at.to <= known) return
    context.fillStyle = `${zone.colour}${zone.to === null ? '24' : '10'}`
    context.fillRect(known, at.top, at.to - known, height)
    context.fillStyle = zone.colour
    context.textAlign = 'left'
    if (at.to - known > 30 && height >= 9) context.fillText(zone.name, known + 3, at.top + 11)
  }
}
