import { ContactsInText } from "../../parts/contacts_in_text";
import { fieldLabel } from "../../parts/field_label";
import { texts } from "../../texts";

/** A message of an import as a person understands it: contacts by name, and advice in the words of the page. */
export function PlainWords({ message }: { message: string }) {
  return <ContactsInText text={inPlainWords(message)} />;
}

/** Messages of an import advise which property to send. Here a person selects instead. */
function inPlainWords(message: string): string {
  return message
    .replace(/send columns with \{"(.+)": "([^"]+)"\}/g, (_, column: string, field: string) => texts.importFile.chooseFor(column, fieldLabel(field)))
    .replace(/send columns with \{"(.+)": null\}/g, (_, column: string) => texts.importFile.chooseNone(column))
    .replace(/set phoneNumbers to international/g, texts.importFile.chooseInternational)
    .replace(/set `encoding`(?: to its real encoding)?/g, texts.importFile.chooseEncoding);
}
