import { own } from "../own";
import { texts } from "../texts";

const SYMBOLS: Record<string, string> = {
  completed: "✓", delivered: "✓", active: "✓",
  failed: "✕", undelivered: "✕", cancelled: "✕",
  paused: "‖", pending: "…", running: "▶", queued: "…", sending: "▶", sent: "→", skipped: "–", undone: "↶",
};

/** A status in words, with a symbol and a colour; its meaning never depends on the colour. `text` replaces the words. */
export function StatusMark({ status, text }: { status: string; text?: string }) {
  return (
    <span class={`status status-${status}`}>
      <span aria-hidden="true">{own(SYMBOLS, status) ?? "•"}</span> {text ?? own(texts.status, status) ?? status}
    </span>
  );
}
