import { texts } from "../texts";

/** Marks whom no message reaches, in words and with a symbol. */
export function OptedOutMark() {
  return (
    <span class="opted-out">
      <span aria-hidden="true">⊘</span> {texts.contact.optedOut}
    </span>
  );
}
