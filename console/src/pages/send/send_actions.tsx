import { useMutation } from "@tanstack/preact-query";
import { useState } from "preact/hooks";
import { useLocation } from "wouter-preact";
import type { Schemas } from "../../api/client";
import { fileName, saveFile } from "../../api/download";
import { useCan } from "../../api/queries";
import { readResults, useAction, useSendAgain, useSiblings, type Verb } from "../../api/sends";
import { formatNumber } from "../../format";
import { own } from "../../own";
import { announce } from "../../parts/announcer";
import { Confirm } from "../../parts/confirm";
import { Problem } from "../../parts/problem";
import { acceptedCount, failedCount, isActive } from "../../send_state";
import { texts } from "../../texts";
import { Facts, readPreview, Warnings } from "../campaign/preview";

const words = texts.send.again;

/** What can be done with a send in its state. A key that may not send sees only the download. */
export function SendActions({ record }: { record: Schemas["Record"] }) {
  const can = useCan();
  return (
    <div class="actions">
      {can("outreach:send") && isActive(record) && <Controls record={record} />}
      {can("outreach:send") && !isActive(record) && failedCount(record.counts) > 0 && <SendAgain record={record} />}
      {record.counts.audience !== null && <Download record={record} />}
    </div>
  );
}

function Controls({ record }: { record: Schemas["Record"] }) {
  const [isAsking, setAsking] = useState(false);
  const action = useAction(record, ({ status }) => {
    setAsking(false);
    announce(texts.send.nowIs(own(texts.status, status) ?? status));
  });
  const verb = record.status === "paused" ? "resume" : "pause";
  const run = (chosen: Verb) => !action.isPending && action.mutate(chosen);
  return (
    <>
      {!isAsking && <Problem error={action.error} />}
      <button type="button" aria-busy={action.isPending && !isAsking} onClick={() => run(verb)}>{texts.send.actions[verb]}</button>
      <button type="button" class="secondary outline" onClick={() => setAsking(true)}>{texts.send.actions.cancel}</button>
      {isAsking && (
        <Confirm
          title={texts.send.cancel.title}
          action={texts.send.cancel.action}
          dismiss={texts.send.cancel.dismiss}
          busy={action.isPending}
          error={action.error}
          onConfirm={() => run("cancel")}
          onClose={() => setAsking(false)}
        >
          <CancelWords counts={record.counts} />
        </Confirm>
      )}
    </>
  );
}

function CancelWords({ counts }: { counts: Schemas["Counts"] }) {
  const accepted = acceptedCount(counts) + counts.sending;
  return (
    <ul>
      <li>{counts.audience === null ? texts.send.cancel.nobodyYet : texts.send.cancel.waiting(counts.queued, formatNumber(counts.queued))}</li>
      {accepted > 0 && <li>{texts.send.cancel.sent(accepted, formatNumber(accepted))}</li>}
      <li>{texts.send.cancel.final}</li>
    </ul>
  );
}

function SendAgain({ record }: { record: Schemas["Record"] }) {
  const [preview, setPreview] = useState<Schemas["Preview"]>();
  const ask = useMutation({ mutationFn: () => readPreview(record.campaign.id, record.id), onSuccess: setPreview });
  const count = failedCount(record.counts);
  return (
    <>
      <button type="button" class="secondary outline" aria-busy={ask.isPending} onClick={() => !ask.isPending && ask.mutate()}>
        {words.open(count, formatNumber(count))}
      </button>
      <Problem error={ask.error} />
      {preview && <SendAgainQuestion record={record} preview={preview} onClose={() => setPreview(undefined)} />}
    </>
  );
}

function SendAgainQuestion({ record, preview, onClose }: { record: Schemas["Record"]; preview: Schemas["Preview"]; onClose: () => void }) {
  const [, navigate] = useLocation();
  const again = useSendAgain(record, ({ id }) => {
    announce(words.started);
    navigate(`/sends/${id}`);
  });
  const isRepeated = useSiblings(record.campaign.id).data?.some(({ failedOf }) => failedOf === record.id);
  const count = preview.audience - preview.skipped;
  const unconfirmed = unconfirmedCount(record);
  if (count === 0) return <Confirm title={texts.campaign.send.nobodyTitle} action={texts.common.close} onConfirm={onClose} onClose={onClose}><Facts preview={preview} /></Confirm>;
  return (
    <Confirm
      title={words.title(count, formatNumber(count))}
      action={words.action}
      busy={again.isPending}
      error={again.error}
      onConfirm={() => again.mutate()}
      onClose={onClose}
    >
      {isRepeated && <p class="warning">{words.repeated}</p>}
      {unconfirmed > 0 && <p class="warning">{words.unknown(unconfirmed, formatNumber(unconfirmed))}</p>}
      <p>{words.means}</p>
      <p class="bubble">{preview.sample[0]?.message ?? record.campaign.message}</p>
      <p>{words.included}</p>
      <Included record={record} />
      <Facts preview={preview} />
      <Warnings preview={preview} />
    </Confirm>
  );
}

/** Whom a repetition means, by what became of their message. */
function Included({ record }: { record: Schemas["Record"] }) {
  const unconfirmed = unconfirmedCount(record);
  const { undelivered, failed } = record.counts;
  const groups: [text: (count: string) => string, count: number][] = [
    [words.undelivered, undelivered],
    [words.failed, failed - unconfirmed],
    [words.unconfirmed, unconfirmed],
  ];
  return <ul>{groups.filter(([, count]) => count > 0).map(([text, count], index) => <li key={index}>{text(formatNumber(count))}</li>)}</ul>;
}

/** How many contacts may have a message that counts as failed. */
function unconfirmedCount({ failures }: Schemas["Record"]): number {
  return failures.find(({ code }) => code === "outcome_unknown")?.count ?? 0;
}

function Download({ record: { id, campaign, sentTime } }: { record: Schemas["Record"] }) {
  const download = useMutation({
    mutationFn: () => readResults(id),
    onSuccess: (file) => {
      saveFile(file, fileName(`${campaign.name}-${sentTime.slice(0, 10)}`, "csv"));
      announce(texts.send.download.done);
    },
  });
  return (
    <>
      <button type="button" class="secondary outline" aria-busy={download.isPending} onClick={() => !download.isPending && download.mutate()}>
        {download.isPending ? texts.send.download.busy : texts.send.download.open}
      </button>
      <Problem error={download.error} />
    </>
  );
}
