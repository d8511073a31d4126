/**
 * Texts of either direction of writing within one line (Unicode Standard Annex 9).
 *
 * A name may itself have characters that set a direction. The end of an isolate among them would end the isolate around the name, and an
 * override after it would turn around what follows: another person's number, or a time.
 */
const CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** A text without the invisible characters that set a direction. */
export function withoutControls(text: string): string {
  return text.replace(CONTROLS, "");
}

/** Keeps a text apart from the text around it, where there can be no element. */
export function isolated(text: string): string {
  const plain = withoutControls(text);
  return RIGHT_TO_LEFT.test(plain) ? `\u2068${plain}\u2069` : plain;
}
