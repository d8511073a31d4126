import { useLocation } from "wouter-preact";
import { announce } from "../parts/announcer";
import { Page } from "../parts/page";
import { texts } from "../texts";
import { ContactForm } from "./contact/contact_form";

/** Adds a contact, and then shows it. */
export function NewContactPage() {
  const [, navigate] = useLocation();
  return (
    <Page title={texts.contact.new}>
      <ContactForm
        onSaved={(contact) => {
          announce(texts.contact.saved);
          navigate(`/contacts/${contact.id}`);
        }}
        onCancel={() => navigate("/contacts")}
      />
    </Page>
  );
}
