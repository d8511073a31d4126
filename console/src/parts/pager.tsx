import { formatNumber } from "../format";
import { texts } from "../texts";

/** Moves between the pages of a list that the server cuts. `page` counts from 1. */
export function Pager(properties: { page: number; size: number; total: number; onPage: (page: number) => void }) {
  const pages = Math.max(1, Math.ceil(properties.total / properties.size));
  const { page, onPage } = properties;
  return (
    <nav class="pager" aria-label={texts.common.pager}>
      <button type="button" class="secondary" disabled={page <= 1} onClick={() => onPage(page - 1)}>{texts.common.previous}</button>
      <span>{texts.common.page(formatNumber(page), formatNumber(pages), formatNumber(properties.total))}</span>
      <button type="button" class="secondary" disabled={page >= pages} onClick={() => onPage(page + 1)}>{texts.common.next}</button>
    </nav>
  );
}
