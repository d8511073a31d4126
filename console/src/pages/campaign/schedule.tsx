import { useMutation } from "@tanstack/preact-query";
import { useState } from "preact/hooks";
import { api, read, type Schemas } from "../../api/client";
import { ApiError } from "../../api/errors";
import { useCan } from "../../api/queries";
import { formatTime } from "../../format";
import { announce } from "../../parts/announcer";
import { Field } from "../../parts/field";
import { Problem } from "../../parts/problem";
import { scheduledTime } from "../../send_state";
import { texts } from "../../texts";
import { instantOf, LAST_INPUT, localInput, timeZone } from "./relative_time";
import type { Saved } from "./saved";

const words = texts.campaign.schedule;

interface ScheduleProperties {
  campaign: Schemas["Campaign"];
  saved: Saved;
  onChanged: (campaign: Schemas["Campaign"]) => void;
}

/** Schedules one send at a time in the person's own time zone, moves it and removes it. */
export function Schedule(properties: ScheduleProperties) {
  const { scheduledStartTime: time, scheduleStatusReason: reason } = properties.campaign;
  const canWrite = useCan()("outreach:write");
  return (
    <section aria-labelledby="schedule-title">
      <h2 id="schedule-title">{words.title}</h2>
      <p>{stateText(properties.campaign)}</p>
      {reason && <p class="warning">{words.givenUp(reason)}</p>}
      {canWrite ? <ScheduleForm key={time} {...properties} /> : <p>{words.forbidden}</p>}
    </section>
  );
}

function stateText(campaign: Schemas["Campaign"]): string {
  const { scheduledStartTime: time } = campaign;
  if (!time) return words.none;
  return (scheduledTime(campaign) ? words.at : words.was)(formatTime(time), timeZone());
}

function ScheduleForm({ campaign, saved, onChanged }: ScheduleProperties) {
  const scheduled = scheduledTime(campaign);
  const [input, setInput] = useState(scheduled ? localInput(scheduled) : "");
  const [isMissing, setMissing] = useState(false);
  const change = useSchedule(saved.id, onChanged);
  const refusal = refusalOf(change.error);

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    setMissing(!input);
    if (!input || change.isPending) return;
    // The input has no seconds, and one text for both hours when the clocks go back. What was not changed stays exact.
    const isUnchanged = scheduled !== null && input === localInput(scheduled);
    change.mutate({ scheduledStartTime: isUnchanged ? scheduled : instantOf(input), save: saved.save });
  }
  return (
    <form onSubmit={submit} noValidate>
      <Field label={words.label} hint={words.hint(timeZone())} error={isMissing ? words.missing : refusal}>
        {(slots) => (
          <input {...slots} type="datetime-local" max={LAST_INPUT} required value={input} onInput={(event) => setInput(event.currentTarget.value)} />
        )}
      </Field>
      <div class="actions">
        <button class="secondary outline" aria-busy={change.isPending}>{buttonText(saved.isDirty, scheduled !== null)}</button>
        {scheduled && <button type="button" class="secondary outline" onClick={() => !change.isPending && change.mutate({ scheduledStartTime: null })}>{words.remove}</button>}
      </div>
      {refusal || saved.isOwnError(change.error) ? null : <Problem error={change.error} />}
    </form>
  );
}

/** What is wrong with the time. The clock of this computer may be wrong, so the API decides what is past. */
function refusalOf(error: unknown): string | undefined {
  const message = error instanceof ApiError ? error.at("/scheduledStartTime") : undefined;
  return message === "must be in the future" ? words.past : message;
}

function buttonText(isDirty: boolean, isScheduled: boolean): string {
  if (isDirty) return words.saveAndSet;
  return isScheduled ? words.move : words.set;
}

/** Sets the time of the send, or removes it with `null`. Removing needs no saved draft. */
function useSchedule(campaignId: string, onChanged: (campaign: Schemas["Campaign"]) => void) {
  return useMutation({
    mutationFn: async ({ scheduledStartTime, save }: { scheduledStartTime: string | null; save?: Saved["save"] }) => {
      const id = save ? await save() : campaignId;
      return read(api.PUT("/outreach/campaigns/{id}", { params: { path: { id } }, body: { scheduledStartTime } }));
    },
    onSuccess: (campaign) => {
      onChanged(campaign);
      const time = campaign.scheduledStartTime;
      announce(time ? words.at(formatTime(time), timeZone()) : words.removed);
    },
  });
}
