import { Link } from "wouter-preact";
import { useContact } from "../api/conversation";

/** A contact's name, linked to its page. Without the name, because the key may not read it or it is gone: its number. */
export function ContactLink({ id, number }: { id: string; number: string }) {
  const contact = useContact(id);
  return contact.data === null ? <>{number}</> : <Link href={`/contacts/${id}`}>{contact.data?.name || number}</Link>;
}
