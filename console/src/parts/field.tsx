import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Slots {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: "true";
}

/** A labelled input with its hint and its error. The child gets the attributes that join them. */
export function Field(properties: {
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  children: (slots: Slots) => ComponentChildren;
}) {
  const id = useId();
  const { label, hint, error } = properties;
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const slots: Slots = { id };
  if (described) slots["aria-describedby"] = described;
  if (error) slots["aria-invalid"] = "true";
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {properties.children(slots)}
      {hint && <small id={`${id}-hint`}>{hint}</small>}
      {error && <small id={`${id}-error`} class="field-error">{error}</small>}
    </div>
  );
}
