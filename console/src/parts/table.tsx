import type { ComponentChildren } from "preact";

/**
 * A table that scrolls by itself where it is wider than the page, also by keyboard.
 *
 * With `stacks`, a narrow screen shows each row in lines: its heading, then its cells, each after its `data-label` if it has one.
 */
export function Table({ label, stacks, children }: { label: string; stacks?: boolean; children: ComponentChildren }) {
  return (
    <div class="table" role="group" aria-label={label} tabIndex={0}>
      <table class={stacks ? "stacks" : undefined}>{children}</table>
    </div>
  );
}

/** The head of a table, with a heading for each column. */
export function TableHead({ columns }: { columns: string[] }) {
  return <thead><tr>{columns.map((column) => <th key={column} scope="col">{column}</th>)}</tr></thead>;
}
