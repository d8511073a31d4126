import { keepPreviousData, useQuery } from "@tanstack/preact-query";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, read } from "../api/client";
import type { Schemas } from "../api/client";
import { ApiError } from "../api/errors";
import { useCan } from "../api/queries";
import { formatTime } from "../format";
import { own } from "../own";
import { pageOf, useParameters, type Parameters } from "../parts/address";
import { Field } from "../parts/field";
import { Page } from "../parts/page";
import { Pager } from "../parts/pager";
import { QueryResult } from "../parts/query_result";
import { Table, TableHead } from "../parts/table";
import { texts } from "../texts";
import { OptOut, plainNumber } from "./opt_outs/change_opt_out";
import { NumberHistory, useNumberHistory } from "./opt_outs/number_history";

const PAGE_SIZE = 25;

/** The numbers that must not be texted: list, look-up, history, opting out and in. */
export function OptOutsPage() {
  const [parameters, show] = useParameters();
  const number = parameters.number ?? "";
  const setNumber = (entered: string) => show({ number: entered });
  const [isAdding, setIsAdding] = useState(false);
  const canWrite = useCan()("contact:write");
  const actions = canWrite && <button type="button" onClick={() => setIsAdding(true)}>{texts.optOuts.new}</button>;
  return (
    <Page title={texts.optOuts.title} actions={actions}>
      <p>{texts.optOuts.intro}</p>
      <LookUp number={number} onNumber={setNumber} />
      <OptOutList page={pageOf(parameters.page)} onPage={show} onHistory={setNumber} />
      {isAdding && (
        <OptOut
          onClose={(added) => {
            setIsAdding(false);
            if (added) setNumber(added);
          }}
        />
      )}
    </Page>
  );
}

function LookUp({ number, onNumber }: { number: string; onNumber: (number: string) => void }) {
  const history = useNumberHistory(number);
  const error = history.error instanceof ApiError ? history.error.at("/number") : undefined;

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const entered = String(new FormData(event.currentTarget as HTMLFormElement).get("number"));
    onNumber(entered.trim() && plainNumber(entered));
  }

  return (
    <>
      <search>
        <form class="search" onSubmit={submit}>
          <Field label={texts.optOuts.lookUp} error={error}>
            {(slots) => <input {...slots} key={number} type="search" inputMode="tel" name="number" autocomplete="off" defaultValue={number} />}
          </Field>
          <button>{texts.optOuts.lookUpSubmit}</button>
        </form>
      </search>
      {number && !error && <NumberHistory key={number} number={number} history={history} onClose={() => onNumber("")} />}
    </>
  );
}

function OptOutList({ page, onPage, onHistory }: { page: number; onPage: (parameters: Parameters) => void; onHistory: (number: string) => void }) {
  const query = { pageIndex: page, pageSize: PAGE_SIZE, sortBy: "since", sortOrder: "desc" } as const;
  const list = useQuery({
    queryKey: ["optOuts", query],
    queryFn: () => read(api.GET("/contact/optOuts", { params: { query } })) as Promise<Schemas["OptedOutNumberList"]>,
    placeholderData: keepPreviousData,
  });
  return (
    <QueryResult query={list}>
      {({ optOuts, total }) =>
        total === 0 ? <p>{texts.optOuts.none}</p> : (
          <>
            <OptOutTable optOuts={optOuts} onHistory={onHistory} />
            <Pager page={page} size={PAGE_SIZE} total={total} onPage={onPage} />
          </>
        )}
    </QueryResult>
  );
}

function OptOutTable({ optOuts, onHistory }: { optOuts: Schemas["OptedOutNumber"][]; onHistory: (number: string) => void }) {
  return (
    <Table label={texts.optOuts.title} stacks>
      <TableHead columns={[texts.optOuts.number, texts.optOuts.since, texts.optOuts.source, texts.optOuts.contact, texts.optOuts.history]} />
      <tbody>
        {optOuts.map((optOut) => (
          <tr key={optOut.number}>
            <th scope="row" class="number">{optOut.number}</th>
            <td class="time" data-label={texts.optOuts.since}>{formatTime(optOut.since)}</td>
            <td data-label={texts.optOuts.source}>{own(texts.optOuts.sources, optOut.source) ?? optOut.source}</td>
            <td data-label={texts.optOuts.contact}>{optOut.contactId ? <Link href={`/contacts/${optOut.contactId}`}>{texts.optOuts.open}</Link> : texts.common.none}</td>
            <td>
              <button type="button" class="secondary outline" aria-label={texts.optOuts.historyOf(optOut.number)} onClick={() => onHistory(optOut.number)}>{texts.optOuts.history}</button>
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
