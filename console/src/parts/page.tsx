import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { withoutControls } from "../directions";
import { texts } from "../texts";

/** A page with its heading. The heading takes the focus when the page opens, so that screen readers announce it; an input may instead. */
export function Page(properties: { title: string; actions?: ComponentChildren; children: ComponentChildren; focus?: "heading" | "input" }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (properties.focus !== "input") heading.current?.focus();
  }, []);
  useEffect(() => {
    document.title = `${withoutControls(properties.title)} · ${texts.product}`;
  }, [properties.title]);
  return (
    <>
      <div class="page-head">
        <h1 ref={heading} tabIndex={-1}>{properties.title}</h1>
        {properties.actions && <div class="actions">{properties.actions}</div>}
      </div>
      {properties.children}
    </>
  );
}
