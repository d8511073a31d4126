import { useQuery } from "@tanstack/preact-query";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, read } from "../../api/client";
import type { Schemas } from "../../api/client";
import { ApiError } from "../../api/errors";
import { useCan } from "../../api/queries";
import { formatTime } from "../../format";
import { own } from "../../own";
import { Isolated } from "../../parts/isolated";
import { QueryResult } from "../../parts/query_result";
import { Table, TableHead } from "../../parts/table";
import { texts } from "../../texts";
import { ChangeOptOut } from "./change_opt_out";

type History = Schemas["OptOut"] | null;

/** Reads the changes of a number; null for one that has never opted out. */
export function useNumberHistory(number: string) {
  return useQuery<History>({
    queryKey: ["optOutHistory", number],
    queryFn: () => read(api.GET("/contact/optOuts/{number}", { params: { path: { number } } })).catch(nullIfNever),
    enabled: number !== "",
  });
}

/** Every change of a number, and the way to change it once more. It takes the focus when it opens. */
export function NumberHistory({ number, history, onClose }: { number: string; history: ReturnType<typeof useNumberHistory>; onClose: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <article>
      <h2 ref={heading} tabIndex={-1}>{texts.optOuts.historyOf(number)}</h2>
      <QueryResult query={history}>{(data) => <Changes number={number} history={data} />}</QueryResult>
      <button type="button" class="secondary outline" onClick={onClose}>{texts.optOuts.close}</button>
    </article>
  );
}

function Changes({ number, history }: { number: string; history: History }) {
  const [isAsking, setIsAsking] = useState(false);
  const canWrite = useCan()("contact:write");
  const isOptedOut = history?.isOptedOut ?? false;
  return (
    <>
      <p><strong>{stateText(number, history)}</strong></p>
      {history && <ChangeTable changes={history.history} />}
      {canWrite && (
        <p><button type="button" class="secondary" onClick={() => setIsAsking(true)}>{isOptedOut ? texts.contact.optIn : texts.contact.optOut}</button></p>
      )}
      {isAsking && <ChangeOptOut number={history?.number ?? number} isOptedOut={isOptedOut} onClose={() => setIsAsking(false)} />}
    </>
  );
}

function ChangeTable({ changes }: { changes: Schemas["OptOutChange"][] }) {
  return (
    <Table label={texts.optOuts.history}>
      <TableHead columns={[texts.optOuts.time, texts.optOuts.change, texts.optOuts.source, texts.optOuts.reason]} />
      <tbody>
        {changes.map((change, index) => (
          <tr key={index}>
            <td class="time">{formatTime(change.time)}</td>
            <td>{change.isOptedOut ? texts.optOuts.out : texts.optOuts.in}</td>
            <td>{own(texts.optOuts.sources, change.source) ?? change.source}</td>
            <td class="long-text"><Isolated text={change.reason ?? ""} /></td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function stateText(number: string, history: History): string {
  if (!history) return texts.optOuts.never(number);
  return history.isOptedOut ? texts.optOuts.isOut(formatTime(history.since)) : texts.optOuts.isIn(formatTime(history.since));
}

function nullIfNever(error: unknown): null {
  if (error instanceof ApiError && error.status === 404) return null;
  throw error;
}
