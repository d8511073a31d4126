import { useState } from "preact/hooks";
import { useLocation } from "wouter-preact";
import type { Schemas } from "../api/client";
import { useContact } from "../api/conversation";
import { useCan, useSite } from "../api/queries";
import { BackLink } from "../parts/address";
import { announce } from "../parts/announcer";
import { Answer } from "../parts/answer";
import { Page } from "../parts/page";
import { QueryResult } from "../parts/query_result";
import { Thread } from "../parts/thread";
import { texts } from "../texts";
import { ContactFacts } from "./contact/contact_facts";
import { ContactForm } from "./contact/contact_form";
import { DeleteContacts } from "./contact/delete_contacts";
import { NOT_MERGED, recipientNumber } from "./contact/identities";
import { MergeContact } from "./contact/merge_contact";
import { MergedContacts, MergedNotice } from "./contact/merged_contacts";
import { ChangeOptOut } from "./opt_outs/change_opt_out";

type Contact = Schemas["Contact"];
type Task = "edit" | "merge" | "delete" | "optOut" | null;

/** One contact: what is known of it, what can be done with it, and its conversation. */
export function ContactPage({ id }: { id: string }) {
  const contact = useContact(id);
  const [task, setTask] = useState<Task>(null);
  const forbidden = useSite().data !== undefined && !useCan()("contact:read");
  return (
    <Page title={contact.data?.name ?? texts.contact.title} actions={contact.data && <Actions contact={contact.data} onTask={setTask} />}>
      <BackLink href="/contacts" text={texts.contact.back} />
      {forbidden ? <p>{texts.errors.forbidden}</p> : (
        <QueryResult query={contact}>
          {(data) => (data ? <Content contact={data} task={task} onTask={setTask} /> : <p>{texts.contact.notThere}</p>)}
        </QueryResult>
      )}
    </Page>
  );
}

function Actions({ contact, onTask }: { contact: Contact; onTask: (task: Task) => void }) {
  const number = recipientNumber(contact);
  if (!useCan()("contact:write") || contact.mergeToContactId !== NOT_MERGED) return null;
  return (
    <>
      <button type="button" onClick={() => onTask("edit")}>{texts.contact.edit}</button>
      {number?.startsWith("+") && (
        <button type="button" class="secondary outline" onClick={() => onTask("optOut")}>{contact.isOptedOut ? texts.contact.optIn : texts.contact.optOut}</button>
      )}
      <button type="button" class="secondary outline" onClick={() => onTask("merge")}>{texts.contact.merge}</button>
      <button type="button" class="secondary outline" onClick={() => onTask("delete")}>{texts.contact.delete}</button>
    </>
  );
}

function Content({ contact, task, onTask }: { contact: Contact; task: Task; onTask: (task: Task) => void }) {
  const isMerged = contact.mergeToContactId !== NOT_MERGED;
  return (
    <>
      {isMerged && <MergedNotice contact={contact} />}
      <div class="columns">
        <div>
          <h2>{texts.contact.facts}</h2>
          {task === "edit" ? <ContactForm contact={contact} onSaved={() => finish(texts.contact.saved, onTask)} onCancel={() => onTask(null)} /> : <ContactFacts contact={contact} />}
          {!isMerged && <MergedContacts contact={contact} />}
        </div>
        <Conversation contact={contact} />
      </div>
      <Dialogs contact={contact} task={task} onClose={() => onTask(null)} />
    </>
  );
}

function Conversation({ contact }: { contact: Contact }) {
  const can = useCan();
  return (
    <div>
      <h2>{texts.contact.conversation}</h2>
      {can("outreach:read") ? <Thread contactId={contact.id} /> : <p>{texts.contact.conversationForbidden}</p>}
      {can("outreach:read") && contact.mergeToContactId === NOT_MERGED && <Answer contactId={contact.id} />}
    </div>
  );
}

function Dialogs({ contact, task, onClose }: { contact: Contact; task: Task; onClose: () => void }) {
  const [, navigate] = useLocation();
  const number = recipientNumber(contact);
  if (task === "merge") return <MergeContact contact={contact} onClose={onClose} />;
  if (task === "delete") return <DeleteContacts contacts={new Map([[contact.id, contact.name]])} onDeleted={() => navigate("/contacts")} onClose={onClose} />;
  if (task === "optOut" && number) return <ChangeOptOut number={number} isOptedOut={contact.isOptedOut} onClose={onClose} />;
  return null;
}

function finish(text: string, onTask: (task: Task) => void): void {
  announce(text);
  onTask(null);
}
