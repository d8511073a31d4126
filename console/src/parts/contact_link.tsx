import { Link } from "wouter-preact";
import { useContact } from "../api/conversation";
import { Isolated } from "./isolated";

/** A contact's name, linked to its page. Without the name, because the key may not read it or it is gone: its number. */
export function ContactLink({ id, number }: { id: string; number: string }) {
  const contact = useContact(id);
  return contact.data === null ? <Isolated text={number} /> : <Link href={`/contacts/${id}`}><Isolated text={contact.data?.name || number} /></Link>;
}
