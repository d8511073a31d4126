import { useQuery } from "@tanstack/preact-query";
import type { Ref } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, read, type Schemas } from "../api/client";
import { useCan, useSite } from "../api/queries";
import { REPLY_PAGE_SIZE, markSeen, seenTime, useReplies, type ReplyFilter } from "../api/replies";
import { formatNumber, formatTime } from "../format";
import { navigate, pageOf, useParameters } from "../parts/address";
import { announce } from "../parts/announcer";
import { Answer } from "../parts/answer";
import { ContactLink } from "../parts/contact_link";
import { Isolated } from "../parts/isolated";
import { Together } from "../parts/loading";
import { Page } from "../parts/page";
import { Pager } from "../parts/pager";
import { QueryResult } from "../parts/query_result";
import { ReplyContent } from "../parts/reply_content";
import { Thread } from "../parts/thread";
import { texts } from "../texts";

const SENDS_TO_CHOOSE = 100;
const EXCERPT = 100;
// An empty list has been seen, too.
const BEFORE_ALL = new Date(0).toISOString();

/** What contacts wrote, newest first: to all sends or one, from all contacts or one. A reply opens its thread. */
export function RepliesPage({ recordId, contactId }: { recordId?: string; contactId?: string }) {
  const [parameters, show] = useParameters();
  const { keywords = "", conversation: opened } = parameters;
  const page = pageOf(parameters.page);
  const opener = useRef<HTMLElement>(null);
  const listElement = useRef<HTMLOListElement>(null);
  const newestSends = useNewestSends();
  const sends = namesById(newestSends.data?.records ?? []);
  const filter: ReplyFilter = { ...(recordId && { campaignRecordId: recordId }), ...(contactId && { contactId }), ...(keywords && { keywords }) };
  const replies = useReplies(filter, page);
  const isWhole = Object.keys(filter).length === 0 && page === 1;
  const { list: shown, arrived, showArrived } = useOpenedList(replies, JSON.stringify([filter, page]));
  const newSince = useSeen(shown?.replies, isWhole && !replies.isPlaceholderData);
  useArrivals(page === 1 && !replies.isPlaceholderData ? replies.data?.replies : undefined, JSON.stringify(filter));
  const open = (reply: Schemas["Reply"], button: HTMLElement) => {
    opener.current = button;
    show({ conversation: reply.contactId });
  };
  // A narrow screen hides the list while a thread is open, so the focus can return only after it.
  const wasOpened = useRef(false);
  useEffect(() => {
    // The reply may be on another page of the list by now.
    if (!opened && wasOpened.current) (opener.current?.isConnected ? opener : listElement).current?.focus();
    wasOpened.current = Boolean(opened);
  }, [opened]);

  return (
    <Page title={texts.navigation.replies}>
      <Together queries={[newestSends]}>
        <Filters
          recordId={recordId}
          contactId={contactId}
          sends={sends}
          keywords={keywords}
          onSearch={(text) => show({ keywords: text, page: undefined })}
        />
        <div class={opened ? "split open" : "split"}>
          <div class="split-list">
            <Arrivals
              count={arrived}
              onShow={() => {
                showArrived();
                // The button that had the focus is gone.
                listElement.current?.focus();
              }}
            />
            <QueryResult query={{ ...replies, data: shown }}>
              {(list) => (
                <>
                  {list.total === 0 && <p>{isWhole ? texts.replies.empty : texts.replies.noneFound}</p>}
                  <ReplyList element={listElement} replies={list.replies} sends={sends} newSince={newSince} openedContact={opened} onOpen={open} />
                  <Pager page={page} size={REPLY_PAGE_SIZE} total={list.total} onPage={show} />
                </>
              )}
            </QueryResult>
          </div>
          {opened && (
            <Conversation
              key={opened}
              contactId={opened}
              number={shown?.replies.find((reply) => reply.contactId === opened)?.from ?? texts.replies.thisContact}
              onClose={() => show({ conversation: undefined })}
            />
          )}
        </div>
      </Together>
    </Page>
  );
}

function Filters(properties: { recordId?: string; contactId?: string; sends: Map<string, string>; keywords: string; onSearch: (text: string) => void }) {
  const { recordId, contactId, sends, keywords, onSearch } = properties;
  const search = (event: SubmitEvent) => {
    event.preventDefault();
    onSearch(String(new FormData(event.currentTarget as HTMLFormElement).get("keywords")).trim());
  };
  return (
    <div class="filters">
      {contactId ? (
        <p>{texts.replies.ofContact} <ContactLink id={contactId} number={texts.replies.thisContact} />. <Link href="/replies">{texts.replies.showAll}</Link></p>
      ) : (
        <label>
          {texts.replies.send}{" "}
          <select value={recordId ?? ""} onChange={({ currentTarget: { value } }) => navigate(value ? `/replies/record/${value}` : "/replies", { state: history.state })}>
            <option value="">{texts.replies.allSends}</option>
            {recordId && !sends.has(recordId) && <option value={recordId}>{texts.replies.thisSend}</option>}
            {[...sends].map(([id, name]) => <option key={id} value={id}>{name}</option>)}
          </select>
        </label>
      )}
      <form role="search" onSubmit={search}>
        <input key={keywords} type="search" name="keywords" defaultValue={keywords} aria-label={texts.replies.search} placeholder={texts.replies.search} />
        <button class="secondary outline">{texts.replies.find}</button>
      </form>
    </div>
  );
}

interface ListProperties {
  element: Ref<HTMLOListElement>;
  replies: Schemas["Reply"][];
  /** Names of sends by id. */
  sends: Map<string, string>;
  newSince: string | null;
  openedContact: string | undefined;
  onOpen: (reply: Schemas["Reply"], button: HTMLElement) => void;
}

function ReplyList({ element, replies, sends, newSince, openedContact, onOpen }: ListProperties) {
  return (
    <ol ref={element} tabIndex={-1} class="replies" aria-label={texts.navigation.replies}>
      {replies.map((reply) => (
        <li key={reply.id} aria-current={reply.contactId === openedContact ? "true" : undefined}>
          <ReplyEntry
            reply={reply}
            send={reply.campaignRecordId ? (sends.get(reply.campaignRecordId) ?? texts.replies.aSend) : null}
            isNew={newSince !== null && reply.receivedTime > newSince}
            onOpen={(button) => onOpen(reply, button)}
          />
        </li>
      ))}
    </ol>
  );
}

function ReplyEntry({ reply, send, isNew, onOpen }: { reply: Schemas["Reply"]; send: string | null; isNew: boolean; onOpen: (button: HTMLElement) => void }) {
  const canAnswer = useCan()("outreach:send");
  return (
    <article>
      <header>
        {isNew && <mark>{texts.replies.isNew}</mark>} <ContactLink id={reply.contactId} number={reply.from} />
        <br />
        <small>{reply.from}, {formatTime(reply.receivedTime)}</small>
      </header>
      <ReplyContent reply={reply} />
      {send && <small>{texts.replies.answersTo} <Link href={`/sends/${reply.campaignRecordId}`}><Isolated text={send} /></Link></small>}
      <div class="actions">
        <button type="button" class="secondary outline" aria-label={texts.replies.openOf(texts.replies.open(canAnswer), reply.from)} onClick={(event) => onOpen(event.currentTarget)}>
          {texts.replies.open(canAnswer)}
        </button>
      </div>
    </article>
  );
}

/** One thread with its answer box. Its heading takes the focus when it opens. */
function Conversation({ contactId, number, onClose }: { contactId: string; number: string; onClose: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus();
    heading.current?.scrollIntoView({ block: "nearest" });
  }, []);
  return (
    <section class="conversation" aria-labelledby="conversation-title">
      <div class="page-head">
        <h2 id="conversation-title" ref={heading} tabIndex={-1}>
          {texts.replies.conversation} <ContactLink id={contactId} number={number} />
        </h2>
        <button type="button" class="secondary outline" onClick={onClose}>{texts.replies.close}</button>
      </div>
      <Thread contactId={contactId} />
      <Answer contactId={contactId} />
    </section>
  );
}

/** Reads the newest sends, to choose one and to say what a reply answers. */
function useNewestSends() {
  const query = { pageSize: SENDS_TO_CHOOSE };
  return useQuery({
    queryKey: ["newestSends"],
    queryFn: () => read(api.GET("/outreach/campaignRecords", { params: { query } })) as Promise<Schemas["RecordList"]>,
    staleTime: 60_000,
  });
}

function namesById(sends: Schemas["Record"][]): Map<string, string> {
  return new Map(sends.map(({ id, campaign, sentTime }) => [id, texts.replies.sendName(campaign.name, formatTime(sentTime))]));
}

/**
 * The list as it was when the reader opened it.
 *
 * What arrives later waits until they ask for it: otherwise, each button would move just when somebody is about to press it.
 */
function useOpenedList({ data, isPlaceholderData }: ReturnType<typeof useReplies>, view: string) {
  const [opened, setOpened] = useState<{ view: string; list: Schemas["ReplyList"] }>();
  const present = isPlaceholderData ? undefined : data;
  // In an empty list, nothing can move.
  const isOpened = opened?.view === view && opened.list.replies.length > 0;
  useEffect(() => {
    if (present && !isOpened) setOpened({ view, list: present });
  }, [present, isOpened, view]);
  const list = isOpened ? opened.list : data;
  const newest = list?.replies[0]?.receivedTime ?? "";
  return {
    list,
    arrived: isOpened && present ? present.replies.filter(({ receivedTime }) => receivedTime > newest).length : 0,
    showArrived: () => present && setOpened({ view, list: present }),
  };
}

function Arrivals({ count, onShow }: { count: number; onShow: () => void }) {
  return <div class="arrivals">{count > 0 && <button type="button" class="secondary" onClick={onShow}>{texts.replies.show(count, formatNumber(count))}</button>}</div>;
}

/** Marks replies as seen while the whole list is shown; returns the time of the newest one that was seen before. */
function useSeen(replies: Schemas["Reply"][] | undefined, isWhole: boolean): string | null {
  const siteId = useSite().data?.siteId;
  const [before, setBefore] = useState<string | null>(null);
  const newest = replies && (replies[0]?.receivedTime ?? BEFORE_ALL);
  useEffect(() => {
    if (siteId) setBefore(seenTime(siteId));
  }, [siteId]);
  useEffect(() => {
    if (siteId && newest && isWhole) markSeen(siteId, newest);
  }, [siteId, newest, isWhole]);
  return before;
}

/** Announces replies that arrive while the page is open. Another filter is another list: its first replies are not new. */
function useArrivals(replies: Schemas["Reply"][] | undefined, filter: string): void {
  const last = useRef<{ filter: string; time: string }>(null);
  useEffect(() => {
    if (!replies) return;
    const arrived = last.current?.filter === filter ? replies.filter(({ receivedTime }) => receivedTime > last.current!.time) : [];
    if (arrived.length > 0) announce(texts.replies.arrived(arrived.length, arrived[0]!.from, arrived[0]!.message.slice(0, EXCERPT)));
    last.current = { filter, time: replies[0]?.receivedTime ?? "" };
  }, [replies, filter]);
}
