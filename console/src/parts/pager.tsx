import { formatNumber } from "../format";
import { texts } from "../texts";
import type { Parameters } from "./address";

interface Properties {
  /** From 1. A bookmark may lead beyond the last page. */
  page: number;
  size: number;
  total: number;
  /** The parameter of the address that has the page. */
  name?: string;
  onPage: (parameters: Parameters) => void;
}

/** Moves between the pages of a list that the server cuts. A list of one page needs none. */
export function Pager({ page, size, total, name = "page", onPage }: Properties) {
  const pages = Math.max(1, Math.ceil(total / size));
  if (pages === 1 && page === 1) return null;
  const open = (next: number) => onPage({ [name]: next === 1 ? undefined : String(next) });
  return (
    <nav class="pager" aria-label={texts.common.pager}>
      <button type="button" class="secondary" disabled={page <= 1} onClick={() => open(Math.min(page - 1, pages))}>{texts.common.previous}</button>
      <span>{texts.common.page(formatNumber(page), formatNumber(pages), formatNumber(total))}</span>
      <button type="button" class="secondary" disabled={page >= pages} onClick={() => open(page + 1)}>{texts.common.next}</button>
    </nav>
  );
}
