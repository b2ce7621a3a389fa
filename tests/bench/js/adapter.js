// The adapter of the benchmark in JavaScript: the same checks, the same receipt as `bench-logic` in Rust.

const DAYS = 15;

export const converter = {
  convert(dossier) {
    code("code", dossier.code);
    code("procedure", dossier.procedure);
    code("agency", dossier.agency);
    const submitted = day("submitted", dossier.submitted);
    const applicant = dossier.applicant;
    digits("idNumber", applicant.idNumber, 12, 12);
    filled("name", applicant.name);
    filled("address", applicant.address);
    // One engine says `undefined` where there is none, the other `null`.
    if (applicant.telephone != null) digits("telephone", applicant.telephone, 8, 12);
    const born = day("born", applicant.born);
    const { pages, originals } = summarize(dossier.papers);
    let total = 0;
    for (const fee of dossier.fees) {
      filled("fees/name", fee.name);
      total += fee.amount;
      if (total > 0xffffffff) invalid("the fees are too high");
    }
    return {
      code: dossier.code,
      procedure: dossier.procedure,
      agency: dossier.agency,
      channel: dossier.channel,
      applicant: applicant.name.toUpperCase(),
      born: show(born),
      papers: dossier.papers.map((paper) => paper.name),
      pages,
      originals,
      total,
      due: show(later(submitted, DAYS)),
    };
  },

  summarize,
};

function summarize(papers) {
  const summary = { papers: 0, pages: 0, originals: 0 };
  for (const paper of papers) {
    filled("papers/name", paper.name);
    if (paper.pages < 1 || paper.pages > 1000) invalid(`\`papers/pages\` is from 1 to 1000, not ${paper.pages}`);
    summary.papers += 1;
    summary.pages = Math.min(summary.pages + paper.pages, 0xffffffff);
    summary.originals += paper.original ? 1 : 0;
  }
  if (summary.papers === 0) invalid("`papers` is empty");
  return summary;
}

function invalid(message) {
  throw { code: "invalid-input", message, upstreamCode: undefined, retryAfter: undefined };
}

function code(what, text) {
  if (!/^[A-Z0-9.-]{1,40}$/.test(text)) invalid(`\`${what}\` takes capitals, digits, points and dashes, at most 40`);
}

function digits(what, text, least, most) {
  if (text.length < least || text.length > most || !/^[0-9]*$/.test(text)) {
    invalid(`\`${what}\` takes ${least} to ${most} digits`);
  }
}

function filled(what, text) {
  if (text.trim() === "") invalid(`\`${what}\` is empty`);
}

function daysOfMonth(year, month) {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month === 2) return leap ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function day(what, text) {
  const found = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text);
  const [year, month, date] = found ? found.slice(1).map(Number) : [0, 0, 0];
  if (!found || month < 1 || month > 12 || date < 1 || date > daysOfMonth(year, month)) {
    invalid(`\`${what}\` is no day: write it as yyyy-MM-dd`);
  }
  return { year, month, date };
}

function later({ year, month, date }, days) {
  date += days;
  while (date > daysOfMonth(year, month)) {
    date -= daysOfMonth(year, month);
    month += 1;
    if (month > 12) [month, year] = [1, year + 1];
  }
  return { year, month, date };
}

function show({ year, month, date }) {
  const two = (number) => String(number).padStart(2, "0");
  return `${two(date)}/${two(month)}/${String(year).padStart(4, "0")}`;
}

// Once while the component is made: whatever JavaScript prepares at first use, it brings along in its snapshot then,
// and a fresh sandbox need not do it for every exchange.
converter.convert({
  code: "H40.01-261122-0000",
  procedure: "1.004222",
  agency: "H40.01",
  channel: "online",
  submitted: "2026-11-30",
  applicant: {
    name: "Nguyễn Thị Thử Nghiệm",
    idNumber: "036290000000",
    born: "1990-02-28",
    address: "Thôn Mẫu",
    telephone: "0912000000",
  },
  papers: [{ name: "Giấy tờ", pages: 1, original: true }],
  fees: [{ name: "Lệ phí", amount: 30000 }],
});
