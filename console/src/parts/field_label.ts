import { texts } from "../texts";

/** What people call a contact field. */
export function fieldLabel(name: string): string {
  return texts.fieldNames[name] ?? name;
}
