import { useMutation } from "@tanstack/preact-query";
import { useRef, useState } from "preact/hooks";
import { api, read, type Schemas } from "../api/client";
import { isTest, useContact, useConversation, useOptedOut, type Entry } from "../api/conversation";
import { ApiError } from "../api/errors";
import { useIdempotencyKey } from "../api/idempotency";
import { queryClient, useCan, useChannelAccounts } from "../api/queries";
import { onSessionChange } from "../api/session";
import { formatNumber } from "../format";
import { charactersText, countSegments, type Carrier } from "../segments";
import { texts } from "../texts";
import { announce } from "./announcer";
import { Field } from "./field";
import { Problem } from "./problem";
import { senderName } from "./sender_name";

const LONGEST = 1_600;
const NEWEST = 25;
const PLACES = ["/message", "/channelAccountId"];

// What is written and not sent yet stays when another thread is opened. It is in memory only, and ends with the session.
const drafts = new Map<string, string>();
onSessionChange(() => drafts.clear());

/** A box that sends one message to a contact. A key that may not send gets none. */
export function Answer({ contactId }: { contactId: string }) {
  const can = useCan();
  const accounts = useChannelAccounts().data?.channelAccounts ?? [];
  const conversation = useConversation(contactId, NEWEST);
  if (!can("outreach:send") || !conversation.data || accounts.length === 0) return null;
  return <AnswerForm key={contactId} contactId={contactId} accounts={accounts} entries={conversation.data.entries} />;
}

interface Properties {
  contactId: string;
  accounts: Schemas["ChannelAccount"][];
  entries: Entry[];
}

function AnswerForm({ contactId, accounts, entries }: Properties) {
  const [text, setText] = useDraft(contactId);
  // A reply that arrives while someone writes changes neither the sender nor the recipient of what is being written.
  const [accountId, setAccountId] = useState(() => accountOf(entries, accounts));
  const [to] = useState(() => numberOf(entries));
  const contact = useContact(contactId);
  const number = to ?? recipientOf(contact.data);
  const isOptedOut = useOptedOut(number);
  const input = useRef<HTMLTextAreaElement>(null);
  const send = useSend(contactId, () => {
    setText("");
    input.current?.focus();
  });
  const account = accounts.find(({ id }) => id === accountId);
  const error = send.mutation.error instanceof ApiError ? send.mutation.error : undefined;

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    // A key that is held down submits again and again.
    if (!send.mutation.isPending) send.mutation.mutate({ channelAccountId: accountId, contactId, message: text, to });
  }

  if (contact.data === null) return <p>{texts.answer.deleted}</p>;
  if (contact.data && !number) return <p>{texts.answer.noNumber}</p>;
  if (isOptedOut) return <p class="warning">{texts.answer.optedOut(number ?? "")}</p>;
  return (
    <form class="answer" onSubmit={submit}>
      <Field label={texts.answer.label(number ?? "")} hint={<Counter text={text} carrier={account?.carrier} />} error={error?.at("/message")}>
        {(slots) => (
          <textarea
            {...slots}
            ref={input}
            rows={3}
            required
            maxLength={LONGEST}
            value={text}
            onInput={(event) => {
              setText(event.currentTarget.value);
              send.changed();
            }}
          />
        )}
      </Field>
      {accounts.length > 1 && (
        <Sender
          accounts={accounts}
          id={accountId}
          error={error?.at("/channelAccountId")}
          onChoose={(id) => {
            setAccountId(id);
            send.changed();
          }}
        />
      )}
      <PausedHint account={account} />
      <Problem error={send.mutation.error} places={PLACES} />
      <button aria-busy={send.mutation.isPending}>{texts.answer.send}</button>
    </form>
  );
}

function useDraft(contactId: string): [string, (text: string) => void] {
  const [text, setText] = useState(() => drafts.get(contactId) ?? "");
  const keep = (newText: string) => {
    drafts.set(contactId, newText);
    setText(newText);
  };
  return [text, keep];
}

/** Sends, once for each text: another attempt after a lost answer has the same key, a changed text a new one. */
function useSend(contactId: string, onSent: () => void) {
  const key = useIdempotencyKey();
  const mutation = useMutation({
    mutationFn: (body: { channelAccountId: string; contactId: string; message: string; to: string | undefined }) =>
      read(api.POST("/outreach/messages", { headers: key.headers(body), body: { ...body, channel: "sms", failedReason: "", isMessageAutoAttachedToTicket: false } })),
    onSuccess: async () => {
      key.renew();
      onSent();
      announce(texts.answer.sent);
      await queryClient.invalidateQueries({ queryKey: ["conversation", contactId] });
    },
  });
  return { mutation, changed: mutation.reset };
}

function Sender(properties: { accounts: Schemas["ChannelAccount"][]; id: string; error: string | undefined; onChoose: (id: string) => void }) {
  return (
    <Field label={texts.answer.from} error={properties.error}>
      {(slots) => (
        <select {...slots} value={properties.id} onChange={(event) => properties.onChoose(event.currentTarget.value)}>
          {properties.accounts.map((account) => <option key={account.id} value={account.id}>{accountName(account)}</option>)}
        </select>
      )}
    </Field>
  );
}

function Counter({ text, carrier }: { text: string; carrier: Carrier | undefined }) {
  const { characters, segments, expensive } = countSegments(text, carrier, false);
  return (
    <>
      {texts.answer.counter(formatNumber(characters), segments, formatNumber(segments))}
      {expensive.length > 0 && ` ${texts.answer.expensive(charactersText(expensive), expensive.length)}`}
    </>
  );
}

function PausedHint({ account }: { account: Schemas["ChannelAccount"] | undefined }) {
  return account?.status === "paused" ? <p class="warning">{texts.answer.paused}</p> : null;
}

function accountName(account: Schemas["ChannelAccount"]): string {
  const name = senderName(account);
  return account.senderType === "alphanumeric" ? `${name}, ${texts.accounts.oneWay}` : name;
}

/** An answer goes out from where the contact wrote to, so that it stays in the same thread of their phone. */
function accountOf(entries: Entry[], accounts: Schemas["ChannelAccount"][]): string {
  const known = new Set(accounts.map(({ id }) => id));
  const used = (entry: Entry) => (entry.kind === "reply" ? entry.reply : entry.message).channelAccountId;
  const usable = entries.filter((entry) => known.has(used(entry)) && !isTest(entry));
  const newest = usable.findLast(({ kind }) => kind === "reply") ?? usable.at(-1);
  return newest ? used(newest) : accounts[0]!.id;
}

/** A contact with several numbers is answered at the one that it wrote from; undefined leaves the choice to the API. */
function numberOf(entries: Entry[]): string | undefined {
  const reply = entries.findLast((entry) => entry.kind === "reply");
  return reply?.kind === "reply" && reply.reply.from.startsWith("+") ? reply.reply.from : undefined;
}

/** docs/api.md, "Campaigns": the first SMS identity that is in use. */
function recipientOf(contact: Schemas["Contact"] | null | undefined): string | undefined {
  return contact?.contactIdentities.find((identity) => identity.contactIdentityType === "SMS" && !identity.isDeleted)?.value;
}
