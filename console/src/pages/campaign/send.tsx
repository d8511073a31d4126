import { useMutation, useQuery, useQueryClient } from "@tanstack/preact-query";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, read, type Schemas } from "../../api/client";
import { useIdempotencyKey } from "../../api/idempotency";
import { ApiError } from "../../api/errors";
import { useCan } from "../../api/queries";
import { formatNumber, formatTime } from "../../format";
import { navigate } from "../../parts/address";
import { announce } from "../../parts/announcer";
import { Confirm } from "../../parts/confirm";
import { Problem } from "../../parts/problem";
import { QueryResult } from "../../parts/query_result";
import { StatusMark } from "../../parts/status_mark";
import { isActive, scheduledTime } from "../../send_state";
import { texts } from "../../texts";
import { segmentsText } from "./message_editor";
import { durationText, readPreview, Warnings } from "./preview";
import type { Saved } from "./saved";

const words = texts.campaign.send;
const SHOWN_RECORDS = 5;

/** What a person decides about: the campaign as it is saved, and what a send of it would do now. */
interface Question {
  campaign: Schemas["Campaign"];
  preview: Schemas["Preview"];
  last: Schemas["Record"] | undefined;
}

/** Sends the campaign after a person has seen to how many people, and has confirmed it. */
export function Send({ saved }: { saved: Saved }) {
  const canSend = useCan()("outreach:send");
  return (
    <section aria-labelledby="send-title">
      <h2 id="send-title">{words.title}</h2>
      <p>{canSend ? words.intro : words.forbidden}</p>
      {canSend && <SendButton saved={saved} />}
      <h3>{words.earlier}</h3>
      <EarlierSends id={saved.id} />
    </section>
  );
}

function SendButton({ saved }: { saved: Saved }) {
  const [question, setQuestion] = useState<Question>();
  const ask = useMutation({ mutationFn: async (save: Saved["save"]) => readQuestion(await save()), onSuccess: setQuestion });
  const send = useSend(saved.id);
  return (
    <>
      <button type="button" aria-busy={ask.isPending} onClick={() => !ask.isPending && ask.mutate(saved.save)}>
        {saved.isDirty ? words.saveAndOpen : words.open}
      </button>
      <Problem error={saved.isOwnError(ask.error) ? null : ask.error} />
      {question && (
        <SendQuestion
          question={question}
          busy={send.isPending}
          error={send.error}
          onConfirm={() => send.mutate(question.campaign)}
          onClose={() => setQuestion(undefined)}
        />
      )}
    </>
  );
}

async function readQuestion(id: string): Promise<Question> {
  const path = { params: { path: { id } } };
  const [campaign, preview, records] = await Promise.all([read(api.GET("/outreach/campaigns/{id}", path)), readPreview(id), readRecords(id)]);
  return { campaign, preview, last: records.records[0] };
}

function readRecords(id: string) {
  return read(
    api.GET("/outreach/campaigns/{id}/records", {
      params: { path: { id }, query: { pageSize: SHOWN_RECORDS, sortBy: "sentTime", sortOrder: "desc" } },
    }),
  );
}

/** Starts the send. Another attempt after a lost answer is the same send, unless the campaign was changed meanwhile. */
function useSend(id: string) {
  const key = useIdempotencyKey();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (campaign: Schemas["Campaign"]) =>
      read(api.POST("/outreach/campaigns/{id}:send", { params: { path: { id } }, headers: key.headers(campaign) })),
    onSuccess: (record) => {
      key.renew();
      void queries.invalidateQueries({ queryKey: ["records", id] });
      announce(words.started);
      navigate(`/sends/${record.id}`);
    },
  });
}

interface QuestionProperties {
  question: Question;
  busy: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

function SendQuestion({ question, busy, error, onConfirm, onClose }: QuestionProperties) {
  const { campaign, preview } = question;
  const count = preview.audience - preview.skipped;
  const people = words.people(formatNumber(count));
  if (count === 0)
    return <Confirm title={words.nobodyTitle} action={texts.common.close} onConfirm={onClose} onClose={onClose}><p>{words.nobody}</p></Confirm>;
  return (
    <Confirm title={words.confirmTitle(people)} action={words.action(people)} busy={busy} error={error} onConfirm={onConfirm} onClose={onClose}>
      <p>{words.text}</p>
      <p class="bubble">{preview.sample[0]?.message ?? campaign.message}</p>
      <p>{words.cost(segmentsText(preview.segments), durationText(preview))}</p>
      <Warnings preview={preview} />
      <OtherSends question={question} />
      {isLostAnswer(error) && <p class="warning">{words.uncertain}</p>}
    </Confirm>
  );
}

function isLostAnswer(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 500 || error.code === "request_in_progress");
}

/** The other sends of the campaign that a person may have forgotten. */
function OtherSends({ question: { campaign, last } }: { question: Question }) {
  const scheduled = scheduledTime(campaign);
  return (
    <>
      {last && <p class="warning">{isActive(last) ? words.active(formatTime(last.sentTime)) : words.again(formatTime(last.sentTime))}</p>}
      {scheduled && <p class="warning">{words.scheduled(formatTime(scheduled))}</p>}
    </>
  );
}

function EarlierSends({ id }: { id: string }) {
  const records = useQuery({ queryKey: ["records", id], queryFn: () => readRecords(id) });
  return (
    <QueryResult query={records}>
      {(list) => (list.records.length === 0 ? <p>{words.never}</p> : <ul>{list.records.map((record) => <EarlierSend key={record.id} record={record} />)}</ul>)}
    </QueryResult>
  );
}

function EarlierSend({ record }: { record: Schemas["Record"] }) {
  return (
    <li>
      <Link href={`/sends/${record.id}`}>{words.of(formatTime(record.sentTime))}</Link> <StatusMark status={record.status} />{" "}
      {record.counts.audience !== null && words.audience(formatNumber(record.counts.audience))} {record.failedOf && words.failedOf}
    </li>
  );
}
