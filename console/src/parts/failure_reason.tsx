import { own } from "../own";
import { Isolated } from "./isolated";
import { texts } from "../texts";

/** Why a message failed, in words. The carrier's code follows, because its support asks for it. */
export function FailureReason({ reason }: { reason: string }) {
  const { code, words } = splitReason(reason);
  return <><Isolated text={words} />{code && <small> {texts.failures.code(code)}</small>}</>;
}

/** `<code>: <words>` as the API writes it; the codes of Outreach itself say less than their words. */
function splitReason(reason: string): { code: string; words: string } {
  const [, code = "", words = ""] = /^([0-9]{1,10}|HTTP [0-9]{3}|[a-z][a-z_]*)(?:: (.*))?$/s.exec(reason) ?? [];
  if (!code) return { code: "", words: reason };
  const known = own(texts.failures.words, code);
  return /^[a-z]/.test(code) ? { code: "", words: known ?? (words || code) } : { code, words: words || texts.failures.unknown };
}
