import { fieldLabel } from "../../parts/field_label";
import { texts } from "../../texts";

/** Messages of an import advise which property to send. Here a person selects instead, so the advice is put into the words of the page. */
export function inPlainWords(message: string): string {
  return message
    .replace(/send columns with \{"(.+)": "([^"]+)"\}/g, (_, column: string, field: string) => texts.importFile.chooseFor(column, fieldLabel(field)))
    .replace(/send columns with \{"(.+)": null\}/g, (_, column: string) => texts.importFile.chooseNone(column))
    .replace(/set phoneNumbers to international/g, texts.importFile.chooseInternational)
    .replace(/set `encoding`(?: to its real encoding)?/g, texts.importFile.chooseEncoding);
}
