import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Problem } from "./problem";
import { texts } from "../texts";

interface Properties {
  title: string;
  /** The words on the button that does it. */
  action: string;
  /** The words on the button that does not do it, where "Cancel" could mean both. */
  dismiss?: string;
  busy?: boolean;
  /** Whether something is still missing. */
  disabled?: boolean;
  error?: unknown;
  onConfirm: () => void;
  onClose: () => void;
  children?: ComponentChildren;
}

/** Asks before something that cannot be taken back. Escape closes it, and the focus returns to where it was. */
export function Confirm(properties: Properties) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    // Nothing outside can have the focus until the dialog is gone from the page.
    return () => queueMicrotask(() => opener instanceof HTMLElement && opener.focus());
  }, []);
  // The browser would close the dialog at once and say so a moment later. Whoever asked again in that moment would get no dialog.
  const onCancel = (event: Event) => {
    event.preventDefault();
    properties.onClose();
  };
  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" onCancel={onCancel} onClose={properties.onClose}>
      <article>
        <h2 id="confirm-title">{properties.title}</h2>
        {properties.children}
        <Problem error={properties.error} />
        <div class="actions">
          <button type="button" class="secondary" onClick={properties.onClose}>{properties.dismiss ?? texts.common.cancel}</button>
          {/* A button that is disabled while it works would lose the focus, so a second click is ignored instead. This holds for every button. */}
          <button type="button" aria-busy={properties.busy} disabled={properties.disabled} onClick={() => !properties.busy && properties.onConfirm()}>{properties.action}</button>
        </div>
      </article>
    </dialog>
  );
}
