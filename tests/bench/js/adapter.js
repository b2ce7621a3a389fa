// The adapter of the benchmark in JavaScript: the same checks, the same receipt as `bench-logic` in Rust.
//
// Interpreters run it, for which iterators, `map` and `padStart` are JavaScript, too: so there are loops by index. A regular expression
// is made once, at the top level, and a day is read without one.

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
    const names = [];
    const summary = sum(dossier.papers, names);
    const fees = dossier.fees;
    let total = 0;
    for (let i = 0, many = fees.length; i < many; i++) {
      const fee = fees[i];
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
      papers: names,
      pages: summary.pages,
      originals: summary.originals,
      total,
      due: show(later(submitted, DAYS)),
    };
  },

  summarize,
};

// The same, called with JSON texts: SpiderMonkey reads and writes those in compiled code, and values of types in JavaScript.
export const jsonCalls = {
  call(contract, name, parameters) {
    try {
      const first = JSON.parse(parameters)[0];
      return JSON.stringify(name === "convert" ? converter.convert(first) : summarize(first));
    } catch (fault) {
      // An error of the engine is a defect of the script and ends the exchange; what is thrown here is none.
      throw fault instanceof Error ? fault : JSON.stringify(fault);
    }
  },
};

function summarize(papers) {
  return sum(papers, []);
}

// The sums, and the names beside them, so that the papers are gone through once.
function sum(papers, names) {
  const many = papers.length;
  let pages = 0;
  let originals = 0;
  for (let i = 0; i < many; i++) {
    const paper = papers[i];
    const name = paper.name;
    filled("papers/name", name);
    const some = paper.pages;
    if (some < 1 || some > 1000) invalid(`\`papers/pages\` is from 1 to 1000, not ${some}`);
    pages += some;
    if (paper.original) originals++;
    names[i] = name;
  }
  if (many === 0) invalid("`papers` is empty");
  return { papers: many, pages: pages < 0xffffffff ? pages : 0xffffffff, originals };
}

function invalid(message) {
  throw { code: "invalid-input", message, upstreamCode: undefined, retryAfter: undefined };
}

const CODE = /^[A-Z0-9.-]{1,40}$/;
const DIGITS = /^[0-9]*$/;

function code(what, text) {
  if (!CODE.test(text)) invalid(`\`${what}\` takes capitals, digits, points and dashes, at most 40`);
}

function digits(what, text, least, most) {
  if (text.length < least || text.length > most || !DIGITS.test(text)) {
    invalid(`\`${what}\` takes ${least} to ${most} digits`);
  }
}

function filled(what, text) {
  // Most begin with a letter, and nobody need look for blanks there.
  const first = text.charCodeAt(0);
  if (!(first > 0x20 && first < 0x7f) && text.trim() === "") invalid(`\`${what}\` is empty`);
}

function daysOfMonth(year, month) {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month === 2) return leap ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

// Digit by digit: for an interpreter a loop and its calls take longer than these lines.
function day(what, text) {
  if (text.length === 10 && text.charCodeAt(4) === 45 && text.charCodeAt(7) === 45) {
    const a = text.charCodeAt(0) - 48;
    const b = text.charCodeAt(1) - 48;
    const c = text.charCodeAt(2) - 48;
    const d = text.charCodeAt(3) - 48;
    const e = text.charCodeAt(5) - 48;
    const f = text.charCodeAt(6) - 48;
    const g = text.charCodeAt(8) - 48;
    const h = text.charCodeAt(9) - 48;
    const isYear = a >= 0 && a <= 9 && b >= 0 && b <= 9 && c >= 0 && c <= 9 && d >= 0 && d <= 9;
    const isRest = e >= 0 && e <= 1 && f >= 0 && f <= 9 && g >= 0 && g <= 3 && h >= 0 && h <= 9;
    if (isYear && isRest) {
      const year = a * 1000 + b * 100 + c * 10 + d;
      const month = e * 10 + f;
      const date = g * 10 + h;
      if (month >= 1 && month <= 12 && date >= 1 && (date <= 28 || date <= daysOfMonth(year, month))) return { year, month, date };
    }
  }
  invalid(`\`${what}\` is no day: write it as yyyy-MM-dd`);
}

function later(from, days) {
  let year = from.year;
  let month = from.month;
  let date = from.date + days;
  for (let most; date > 28 && date > (most = daysOfMonth(year, month)); ) {
    date -= most;
    month += 1;
    if (month > 12) {
      month = 1;
      year += 1;
    }
  }
  return { year, month, date };
}

function show(day) {
  const year = day.year;
  const month = day.month;
  const date = day.date;
  const zeros = year < 10 ? "000" : year < 100 ? "00" : year < 1000 ? "0" : "";
  return `${date < 10 ? "0" : ""}${date}/${month < 10 ? "0" : ""}${month}/${zeros}${year}`;
}

// Once while the component is made, in both ways: whatever JavaScript prepares at first use, it brings along in its snapshot then,
// and a fresh sandbox need not do it for every exchange.
const dossier = {
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
};
converter.convert(dossier);
jsonCalls.call("bench:dossiers/converter@1.0.0", "convert", JSON.stringify([dossier]));
