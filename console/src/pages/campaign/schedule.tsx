import { useMutation } from "@tanstack/preact-query";
import { useState } from "preact/hooks";
import { api, read, type Schemas } from "../../api/client";
import { ApiError } from "../../api/errors";
import { useCan } from "../../api/queries";
import { formatTime } from "../../format";
import { announce } from "../../parts/announcer";
import { Field } from "../../parts/field";
import { Problem } from "../../parts/problem";
import { texts } from "../../texts";
import { instantOf, localInput, timeZone } from "./relative_time";
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
      <p>{time ? words.at(formatTime(time), timeZone()) : words.none}</p>
      {reason && <p class="warning">{words.givenUp(reason)}</p>}
      {canWrite ? <ScheduleForm key={time} {...properties} /> : <p>{words.forbidden}</p>}
    </section>
  );
}

function ScheduleForm({ campaign, saved, onChanged }: ScheduleProperties) {
  const scheduled = campaign.scheduledStartTime;
  const [input, setInput] = useState(scheduled ? localInput(scheduled) : "");
  const [problem, setProblem] = useState<string>();
  const change = useSchedule(saved.id, onChanged);
  const refusal = change.error instanceof ApiError ? change.error.at("/scheduledStartTime") : undefined;

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const wrong = problemOf(input);
    setProblem(wrong);
    if (!wrong && !change.isPending) change.mutate({ scheduledStartTime: instantOf(input), save: saved.save });
  }
  return (
    <form onSubmit={submit} noValidate>
      <Field label={words.label} hint={words.hint(timeZone())} error={problem ?? refusal}>
        {(slots) => (
          <input {...slots} type="datetime-local" min={localInput(new Date().toISOString())} required value={input} onInput={(event) => setInput(event.currentTarget.value)} />
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

function problemOf(input: string): string | undefined {
  if (!input) return words.missing;
  return new Date(input).getTime() <= Date.now() ? words.past : undefined;
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
