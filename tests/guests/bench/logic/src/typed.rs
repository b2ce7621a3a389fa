//! Between the types of the contract, as the bindings' generator makes them anew in every adapter, and those of the logic.
//! Texts and lists are moved, not copied.

/// Make `dossier_from_wit`, `paper_from_wit`, `receipt_to_wit` and `fault` for the generated types of the module `$wit`.
#[macro_export]
macro_rules! typed {
    ($wit:ident, $fault:ident, $code:ident) => {
        #[allow(dead_code, reason = "not every adapter needs all")]
        fn paper_from_wit(paper: $wit::Paper) -> $crate::Paper {
            $crate::Paper { name: paper.name, pages: paper.pages, original: paper.original }
        }

        #[allow(dead_code, reason = "not every adapter needs all")]
        fn dossier_from_wit(dossier: $wit::Dossier) -> $crate::Dossier {
            let applicant = dossier.applicant;
            $crate::Dossier {
                code: dossier.code,
                procedure: dossier.procedure,
                agency: dossier.agency,
                channel: match dossier.channel {
                    $wit::Channel::Online => $crate::Channel::Online,
                    $wit::Channel::Counter => $crate::Channel::Counter,
                    $wit::Channel::Post => $crate::Channel::Post,
                },
                submitted: dossier.submitted,
                applicant: $crate::Applicant {
                    name: applicant.name,
                    id_number: applicant.id_number,
                    born: applicant.born,
                    address: applicant.address,
                    telephone: applicant.telephone,
                },
                papers: dossier.papers.into_iter().map(paper_from_wit).collect(),
                fees: dossier.fees.into_iter().map(|fee| $crate::Fee { name: fee.name, amount: fee.amount }).collect(),
            }
        }

        #[allow(dead_code, reason = "not every adapter needs all")]
        fn receipt_to_wit(receipt: $crate::Receipt) -> $wit::Receipt {
            $wit::Receipt {
                code: receipt.code,
                procedure: receipt.procedure,
                agency: receipt.agency,
                channel: match receipt.channel {
                    $crate::Channel::Online => $wit::Channel::Online,
                    $crate::Channel::Counter => $wit::Channel::Counter,
                    $crate::Channel::Post => $wit::Channel::Post,
                },
                applicant: receipt.applicant,
                born: receipt.born,
                papers: receipt.papers,
                pages: receipt.pages,
                originals: receipt.originals,
                total: receipt.total,
                due: receipt.due,
            }
        }

        fn fault(trouble: $crate::Trouble) -> $fault {
            let code = match &trouble {
                $crate::Trouble::Invalid(_) => $code::InvalidInput,
                $crate::Trouble::Register(_) => $code::UpstreamUnavailable,
            };
            $fault { code, message: trouble.message(), upstream_code: None, retry_after: None }
        }
    };
}
