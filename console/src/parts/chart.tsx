import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { formatClock, formatDay, formatNumber } from "../format";

/** A line or a bar of a chart. Its colour is the custom property `--chart-<name>`; the dash or the hatching tells it apart too. */
export interface ChartSeries {
  name: string;
  label: string;
  dash?: number[];
  isHatched?: boolean;
}

interface Properties {
  /** What the chart shows, for people who do not see it. */
  label: string;
  series: ChartSeries[];
  data: uPlot.AlignedData;
  /** `lines` over time (Unix seconds), or `bars` over 0, 1, 2, … that are named by `names`. Bars hide the ones after them. */
  kind: "lines" | "bars";
  names?: string[];
}

const HEIGHT = 240;
const DARK = "(prefers-color-scheme: dark)";

/** A chart as wide as its place, in the colours of the page. It follows the width, the data and the colour scheme. */
export function Chart(properties: Properties) {
  const { label, series, data } = properties;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const newest = useRef(properties);
  newest.current = properties;

  useEffect(() => {
    const element = place.current!;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(newest.current, element.clientWidth), newest.current.data, element);
    };
    const resize = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (width > 0 && plot.current?.width !== width) plot.current ? plot.current.setSize({ width, height: HEIGHT }) : draw();
    });
    const scheme = matchMedia(DARK);
    resize.observe(element);
    scheme.addEventListener("change", draw);
    return () => {
      resize.disconnect();
      scheme.removeEventListener("change", draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [properties.kind, properties.names?.join()]);
  useEffect(() => plot.current?.setData(data), [data]);

  return (
    <figure class="chart">
      <div ref={place} role="img" aria-label={label} />
      <figcaption>
        {series.map((one) => <span key={one.name}><Swatch series={one} kind={properties.kind} /> {one.label}</span>)}
      </figcaption>
    </figure>
  );
}

function Swatch({ series, kind }: { series: ChartSeries; kind: Properties["kind"] }) {
  return (
    <svg class={`swatch swatch-${series.name}`} viewBox="0 0 24 12" width="24" height="12" aria-hidden="true">
      {kind === "lines" && <path d="M0 6H24" stroke-width="2.5" stroke-dasharray={series.dash?.join(" ")} />}
      {kind === "bars" && (series.isHatched ? <path d="M1 12 13 0M7 12 19 0M13 12 25 0M-5 12 7 0" stroke-width="2" /> : <rect width="24" height="12" />)}
    </svg>
  );
}

function options({ series, kind, names }: Properties, width: number): uPlot.Options {
  const text = color("--pico-color");
  const line = { stroke: color("--pico-muted-border-color"), width: 1 };
  const axis: uPlot.Axis = { stroke: text, grid: line, ticks: line, font: "12px system-ui, sans-serif" };
  const counts = { ...axis, size: 64, incrs: COUNT_STEPS, values: (_: uPlot, ticks: number[]) => ticks.map(formatNumber) };
  const days = { ...axis, grid: { show: false }, splits: () => names!.map((_, index) => index), values: () => names! };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: names ? { time: false, range: [-0.5, names.length - 0.5] } : {}, y: { range: (_, _least, most) => [0, Math.max(most, 1) * 1.05] } },
    axes: [names ? days : { ...axis, space: 70, values: clockTimes }, counts],
    series: [{}, ...series.map((one) => (kind === "bars" ? bars(one) : lines(one)))],
  };
}

/** The times of an axis as the reader writes them, with the day where it begins. */
function clockTimes(_: uPlot, ticks: number[], _axis: number, _space: number, step: number): string[] {
  const dates = ticks.map((tick) => new Date(tick * 1000));
  return dates.map((date, index) => {
    const day = formatDay(date);
    const isNewDay = index === 0 || formatDay(dates[index - 1]!) !== day;
    return isNewDay ? `${formatClock(date, step < 60)}\n${day}` : formatClock(date, step < 60);
  });
}

// Counts are whole, so the axis has no step below 1.
const COUNT_STEPS = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();

function lines(series: ChartSeries): uPlot.Series {
  return { stroke: color(`--chart-${series.name}`), width: 2, points: { show: false }, ...(series.dash && { dash: series.dash }) };
}

function bars(series: ChartSeries): uPlot.Series {
  const fill = color(`--chart-${series.name}`);
  const background = color("--pico-background-color");
  return {
    stroke: fill,
    width: 1,
    fill: (plot) => (series.isHatched ? hatching(plot.ctx, fill, background) : fill),
    paths: uPlot.paths.bars!({ size: [0.6, 64] }),
    points: { show: false },
  };
}

function hatching(context: CanvasRenderingContext2D, stroke: string, background: string): CanvasPattern {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const brush = tile.getContext("2d")!;
  brush.fillStyle = background;
  brush.fillRect(0, 0, 8, 8);
  brush.strokeStyle = stroke;
  brush.lineWidth = 2;
  for (const shift of [-8, 0, 8]) {
    brush.moveTo(shift, 8);
    brush.lineTo(shift + 8, 0);
  }
  brush.stroke();
  return context.createPattern(tile, "repeat")!;
}

function color(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}
