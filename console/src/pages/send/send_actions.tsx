import { useMutation } from "@tanstack/preact-query";
import { useState } from "preact/hooks";
import { useLocation } from "wouter-preact";
import type { Schemas } from "../../api/client";
import { fileName, saveFile } from "../../api/download";
import { useCan } from "../../api/queries";
import { readResults, useAction, useSendAgain, useSiblings, type Verb } from "../../api/sends";
import { formatNumber } from "../../format";
import { announce } from "../../parts/announcer";
import { Confirm } from "../../parts/confirm";
import { Problem } from "../../parts/problem";
import { acceptedCount, failedCount, isActive } from "../../send_state";
import { texts } from "../../texts";

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
    announce(texts.send.nowIs(texts.status[status] ?? status));
  });
  const verb = record.status === "paused" ? "resume" : "pause";
  // A button that is disabled for a moment would lose the focus, so a second click is ignored instead.
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
      <li>{texts.send.cancel.sent(accepted, formatNumber(accepted))}</li>
      <li>{texts.send.cancel.final}</li>
    </ul>
  );
}

function SendAgain({ record }: { record: Schemas["Record"] }) {
  const [, navigate] = useLocation();
  const [isAsking, setAsking] = useState(false);
  const again = useSendAgain(record, ({ id }) => {
    announce(texts.send.again.started);
    navigate(`/sends/${id}`);
  });
  const repeats = (useSiblings(record.campaign.id).data ?? []).filter(({ failedOf }) => failedOf === record.id).length;
  const count = failedCount(record.counts);
  const unknown = record.failures.find(({ code }) => code === "outcome_unknown")?.count ?? 0;
  return (
    <>
      <button type="button" class="secondary outline" onClick={() => setAsking(true)}>{texts.send.again.open(count, formatNumber(count))}</button>
      {isAsking && (
        <Confirm
          title={texts.send.again.title(count, formatNumber(count))}
          action={texts.send.again.action}
          busy={again.isPending}
          error={again.error}
          onConfirm={() => again.mutate()}
          onClose={() => setAsking(false)}
        >
          {repeats > 0 && <p class="warning">{texts.send.again.repeated}</p>}
          <p>{texts.send.again.means}</p>
          {unknown > 0 && <p class="warning">{texts.send.again.unknown(unknown, formatNumber(unknown))}</p>}
        </Confirm>
      )}
    </>
  );
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
