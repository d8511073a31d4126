import { useState } from "preact/hooks";
import { isTest, useConversation, type Entry } from "../api/conversation";
import type { Schemas } from "../api/client";
import { formatTime } from "../format";
import { texts } from "../texts";
import { FailureReason } from "./failure_reason";
import { QueryResult } from "./query_result";
import { ReplyContent } from "./reply_content";
import { StatusMark } from "./status_mark";

const FIRST_SIZE = 25;
const LARGEST_SIZE = 500;

/** All messages to a contact and its replies, oldest first. New ones appear while it is open. */
export function Thread({ contactId }: { contactId: string }) {
  const [size, setSize] = useState(FIRST_SIZE);
  const conversation = useConversation(contactId, size);
  return (
    <QueryResult query={conversation}>
      {({ entries, hasEarlier }) => (
        <div class="thread-box" role="region" aria-label={texts.thread.region} tabIndex={0}>
          <div>
            {hasEarlier && <Earlier size={size} onMore={() => setSize(Math.min(size * 4, LARGEST_SIZE))} />}
            {entries.length === 0 && <p>{texts.thread.empty}</p>}
            <ol class="thread" aria-label={texts.thread.label}>
              {entries.map((entry) => <li key={entry.id} class={isTest(entry) ? `${entry.kind} test` : entry.kind}><EntryContent entry={entry} /></li>)}
            </ol>
          </div>
        </div>
      )}
    </QueryResult>
  );
}

function Earlier({ size, onMore }: { size: number; onMore: () => void }) {
  if (size >= LARGEST_SIZE) return <p><small>{texts.thread.notAll}</small></p>;
  return <button type="button" class="secondary outline" onClick={onMore}>{texts.thread.earlier}</button>;
}

function EntryContent({ entry }: { entry: Entry }) {
  return entry.kind === "message" ? <MessageEntry message={entry.message} /> : <ReplyEntry reply={entry.reply} />;
}

function MessageEntry({ message }: { message: Schemas["Message"] }) {
  return (
    <>
      <small>
        {message.isTest && <><strong>{texts.thread.test}</strong> </>}
        {texts.thread.sent(formatTime(message.sentTime), message.to)} · <StatusMark status={message.status} />
      </small>
      <p class="text">{message.message}</p>
      {message.failedReason && <small><FailureReason reason={message.failedReason} /></small>}
    </>
  );
}

function ReplyEntry({ reply }: { reply: Schemas["Reply"] }) {
  return (
    <>
      <small>{texts.thread.received(formatTime(reply.receivedTime), reply.from)}</small>
      <ReplyContent reply={reply} />
    </>
  );
}
