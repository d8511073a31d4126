import { useMutation } from "@tanstack/preact-query";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "wouter-preact";
import { useIdempotencyKey } from "../api/idempotency";
import { refreshList, useCan, useSite } from "../api/queries";
import { formatNumber, formatPercent } from "../format";
import { BackLink } from "../parts/address";
import { announce } from "../parts/announcer";
import { Page } from "../parts/page";
import { Problem } from "../parts/problem";
import { useViewState } from "../parts/view_state";
import { texts } from "../texts";
import { checkFile } from "./import_file/check_file";
import type { Check } from "./import_file/check_file";
import { CheckResult } from "./import_file/check_result";
import { FileChooser } from "./import_file/file_chooser";
import { DuplicateChoice, ReadingChoice } from "./import_file/option_inputs";
import { hasIdentity, startImport } from "./import_file/start_import";
import type { Options, Progress } from "./import_file/start_import";

const FIRST_OPTIONS: Options = { duplicates: "merge", phoneNumbers: "", encoding: "", columns: null };

interface Chosen {
  file: File;
  options: Options;
}

interface View {
  file: File | null;
  options: Options;
  check: Check | null;
}

const FIRST_VIEW: View = { file: null, options: FIRST_OPTIONS, check: null };

/** Imports a file in two steps: a check that changes nothing, and then the import, which its own page follows. */
export function ImportFilePage() {
  const forbidden = useSite().data !== undefined && !useCan()("contact:write");
  return (
    <Page title={texts.importFile.title}>
      <BackLink href="/imports" text={texts.importFile.back} />
      {forbidden ? <p>{texts.importFile.forbidden}</p> : <ImportFile />}
    </Page>
  );
}

function ImportFile() {
  const [{ file, options, check }, changeView] = useViewState("import", FIRST_VIEW);
  const [isMissing, setIsMissing] = useState(false);
  const [progress, setProgress] = useState<Progress | null>(null);
  const [, navigate] = useLocation();
  const key = useIdempotencyKey();
  // The options are handed over with the call: a mutation sees the state of the last paint.
  const checking = useMutation({
    mutationFn: (chosen: Chosen) => checkFile(chosen.file, chosen.options, check, setProgress),
    onSuccess: (result) => changeView({ check: result, options: result.options }),
    onSettled: () => setProgress(null),
  });
  const importing = useMutation({
    mutationFn: (chosen: Chosen) => startImport(chosen.file, chosen.options, false, key.headers([chosen.file.name, chosen.file.lastModified, chosen.options]), setProgress),
    onSuccess: () => changeView(FIRST_VIEW),
    onSettled: () => setProgress(null),
  });
  const changeOptions = (changed: Options) => changeView({ options: changed });
  const isBusy = checking.isPending || importing.isPending;
  const isChecked = check !== null && options === check.options;

  function choose(chosen: File | null): void {
    changeView({ file: chosen, options: { ...options, columns: null }, check: null });
    setIsMissing(false);
    checking.reset();
    importing.reset();
  }

  function runCheck(): void {
    setIsMissing(!file);
    if (!file || isBusy) return;
    key.renew();
    importing.reset();
    checking.mutate({ file, options });
  }

  // Nothing follows when the reader has left the page: the import is in the list.
  function runImport(): void {
    if (!file || isBusy) return;
    importing.mutate({ file, options }, {
      onSuccess: (record) => {
        refreshList("imports");
        navigate(`/imports/${record.id}`);
      },
    });
  }

  return (
    <>
      <p>{texts.importFile.intro}</p>
      <FileChooser file={file} isMissing={isMissing} onFile={choose} />
      <DuplicateChoice options={options} onChange={changeOptions} />
      <ReadingChoice options={options} onChange={changeOptions} isOpen={check !== null && asksForReading(check)} />
      {!check && <button type="button" aria-busy={checking.isPending} onClick={runCheck}>{texts.importFile.check}</button>}
      {progress && <ProgressBar progress={progress} isImport={importing.isPending} />}
      <Problem error={checking.error ?? importing.error} />
      {check && (
        <Result check={check}>
          <CheckResult check={check} options={options} onColumns={(columns) => changeOptions({ ...options, columns })} />
          <div class="actions sticky">
            {!isChecked && <span>{texts.importFile.changed}</span>}
            {isChecked && check.record && <ImportButton check={check} isPending={importing.isPending} onClick={runImport} />}
            {(!isChecked || !check.record) && <button type="button" aria-busy={checking.isPending} onClick={runCheck}>{texts.importFile.checkAgain}</button>}
          </div>
        </Result>
      )}
    </>
  );
}

/** Takes the focus to what the check has found, and says it. */
function Result({ check, children }: { check: Check; children: ComponentChildren }) {
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    section.current?.focus();
    const { record } = check;
    if (record) announce(texts.importFile.checked(formatNumber(record.createdCount), formatNumber(record.updatedCount), formatNumber(record.failedCount)));
    else announce(texts.importFile.refused);
  }, [check]);
  return <section ref={section} tabIndex={-1} aria-label={texts.importFile.result}>{children}</section>;
}

function ImportButton({ check, isPending, onClick }: { check: Check; isPending: boolean; onClick: () => void }) {
  const { createdCount = 0, updatedCount = 0, failedCount = 0 } = check.record ?? {};
  const rows = createdCount + updatedCount;
  if (!hasIdentity(check.options.columns)) return <span>{texts.importFile.noIdentity}</span>;
  if (rows === 0) return <span>{failedCount > 0 ? texts.importFile.allFailed : texts.importFile.nothing}</span>;
  return <button type="button" aria-busy={isPending} onClick={onClick}>{texts.importFile.submit(formatNumber(rows))}</button>;
}

function ProgressBar({ progress, isImport }: { progress: Progress; isImport: boolean }) {
  const text = progressText(progress, isImport);
  const value = progress.step === "uploading" ? progress.share : shareOf(progress.record);
  return (
    <div class="import-progress">
      <progress aria-label={texts.importFile.title} value={value} max={1} />
      <p>{text}</p>
    </div>
  );
}

function progressText(progress: Progress, isImport: boolean): string {
  if (progress.step === "uploading") return texts.importFile.uploading(formatPercent(progress.share));
  if (progress.record?.totalRows) return texts.importFile.readingRows(formatNumber(progress.record.processedRows), formatNumber(progress.record.totalRows));
  return isImport ? texts.importFile.importing : texts.importFile.reading;
}

function shareOf(record: { processedRows: number; totalRows: number | null } | null): number | undefined {
  return record?.totalRows ? record.processedRows / record.totalRows : undefined;
}

/** Whether the answer depends on how numbers or characters are read. */
function asksForReading({ reasons, record, options }: Check): boolean {
  const messages = [...reasons, ...(record?.warnings ?? []).map((warning) => String(warning.message))];
  return options.encoding !== "" || options.phoneNumbers !== "" || messages.some((message) => /encoding|phoneNumbers/.test(message));
}
