/**
 * Texts of either direction of writing within one line (Unicode Standard Annex 9).
 *
 * A name may itself have characters that set a direction. The end of an isolate among them would end the isolate around the name, and an
 * override after it would turn around what follows: another person's number, or a time.
 */
const CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g;

/** A text without the invisible characters that set a direction. */
export function withoutControls(text: string): string {
  return text.replace(CONTROLS, "");
}

/** Keeps a text apart from the text around it, where there can be no element. */
export function isolated(text: string): string {
  return `\u2068${withoutControls(text)}\u2069`;
}
