import { useMutation, useQuery } from "@tanstack/preact-query";
import { Link } from "wouter-preact";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/queries";
import { formatDuration, formatNumber, formatTime } from "../../format";
import { own } from "../../own";
import { announce } from "../../parts/announcer";
import { Problem } from "../../parts/problem";
import { texts } from "../../texts";
import { segmentsText } from "./message_editor";
import type { Saved } from "./saved";

type PreviewData = Schemas["Preview"];
const words = texts.campaign.preview;

/** Reads what a send of a campaign would do now; with `failedOf`, a send to those whose message in that record failed. */
export function readPreview(id: string, failedOf: string | null = null): Promise<PreviewData> {
  // The client waits for a preview that is not ready, so this is never its status.
  return read(api.POST("/outreach/campaigns/{id}:preview", { params: { path: { id } }, body: { failedOf } })) as Promise<PreviewData>;
}

/** How many people a send would reach, in words. */
export function recipientsText(preview: PreviewData): string {
  const count = preview.audience - preview.skipped;
  return count === 0 ? words.nobody : words.recipients(count, formatNumber(count));
}

/** How long a send takes, in words. */
export function durationText({ estimatedSeconds }: PreviewData): string {
  return estimatedSeconds < 1 ? words.moment : formatDuration(Math.ceil(estimatedSeconds));
}

/** Shows what a send would do now: to how many, at what cost, who is left out, and three real messages. */
export function Preview({ saved }: { saved: Saved }) {
  const preview = useMutation({
    // What a mutation reads from its page may be a keystroke old, so it gets everything when it starts.
    mutationFn: async (save: Saved["save"]) => readPreview(await save()),
    onSuccess: (data) => announce(words.done(recipientsText(data))),
  });
  return (
    <section aria-labelledby="preview-title">
      <h2 id="preview-title">{words.title}</h2>
      <p>{words.intro}</p>
      <button type="button" class="secondary outline" aria-busy={preview.isPending} onClick={() => !preview.isPending && preview.mutate(saved.save)}>
        {saved.isDirty ? words.saveAndRun : words.run}
      </button>
      <Problem error={saved.isOwnError(preview.error) ? null : preview.error} />
      {preview.data && saved.isDirty && <p class="warning">{words.old}</p>}
      {preview.data && <Result preview={preview.data} />}
    </section>
  );
}

function Result({ preview }: { preview: PreviewData }) {
  return (
    <>
      <h3>{recipientsText(preview)}</h3>
      <Facts preview={preview} />
      <Warnings preview={preview} />
      {preview.sample.length > 0 && <h3>{words.phones}</h3>}
      <div class="phones">{preview.sample.map((sample) => <Phone key={sample.contactId} sample={sample} />)}</div>
    </>
  );
}

/** What a send costs, how long it takes, and who is left out. */
export function Facts({ preview }: { preview: PreviewData }) {
  const skipped = Object.entries(preview.skippedReasons).filter(([, count]) => count > 0);
  return (
    <dl class="facts">
      <dt>{words.cost}</dt>
      <dd>{segmentsText(preview.segments)}</dd>
      <dt>{words.duration}</dt>
      <dd>{durationText(preview)}</dd>
      <dt>{words.skipped}</dt>
      <dd>
        {skipped.length === 0 && words.nobodySkipped}
        {skipped.length > 0 && <ul>{skipped.map(([reason, count]) => <li key={reason}>{words.reason(own(words.reasons, reason) ?? reason, formatNumber(count))}</li>)}</ul>}
      </dd>
    </dl>
  );
}

/** What a person should know before they send. Quiet hours have figures of their own. */
export function Warnings({ preview: { warnings, deferred } }: { preview: PreviewData }) {
  return (
    <>
      {deferred.count > 0 && <p class="warning">{deferredText(deferred)}</p>}
      {warnings.filter((warning) => warning.code !== "deferred").map((warning) => (
        <p key={warning.code} class="warning">{own(words.warnings, warning.code)?.(formatNumber(warning.count)) ?? warning.message}</p>
      ))}
    </>
  );
}

function deferredText({ count, firstTime }: Schemas["DeferredRecipients"]): string {
  return firstTime ? words.deferredUntil(formatNumber(count), formatTime(firstTime)) : words.deferred(formatNumber(count));
}

/** A message as its recipient sees it. */
function Phone({ sample }: { sample: Schemas["Sample"] }) {
  return (
    <figure class="phone">
      <figcaption><PersonLink sample={sample} /></figcaption>
      <p class="bubble">{sample.message}</p>
      <small>{words.sample(sample.encoding, segmentsText(sample.segments))}</small>
    </figure>
  );
}

function PersonLink({ sample }: { sample: Schemas["Sample"] }) {
  const contact = useQuery({
    queryKey: ["contact", sample.contactId],
    queryFn: () => read(api.GET("/contact/contacts/{id}", { params: { path: { id: sample.contactId } } })),
    enabled: useCan()("contact:read"),
  });
  return <Link href={`/contacts/${sample.contactId}`}>{contact.data ? words.to(contact.data.name, sample.to) : sample.to}</Link>;
}
