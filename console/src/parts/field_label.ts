import { own } from "../own";
import { texts } from "../texts";

/** What people call a contact field. */
export function fieldLabel(name: string): string {
  return own(texts.fieldNames, name) ?? name;
}
