import { withoutControls } from "../directions";
import { ContactLink } from "./contact_link";

const GUID = /([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/;

/** A text of the API in which contacts stand by their names instead of their ids, each linked to its page. */
export function ContactsInText({ text }: { text: string }) {
  // What the pattern matched stands between the other parts, so every second part is an id.
  const parts = withoutControls(text).split(GUID);
  return <>{parts.map((part, index) => (index % 2 === 1 ? <ContactLink key={index} id={part} number={part} /> : part))}</>;
}
