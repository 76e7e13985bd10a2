#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/context.h"
#include "cli/metrics.h"
#include "jobs/combination_fit.h"
#include "jobs/make_ensemble.h"

namespace slipway::cli {

/// Runs every member over a labelled set. InvalidArgument: a label that is none of the classes;
/// more numbers than kMostScores; what ReadLabelledSet() says. Shows progress.
inline constexpr std::size_t kMostScores = std::size_t{1} << 27;
Result<jobs::MemberScores> ScoreMembers(std::span<const jobs::EnsembleMember> members,
                                        const std::string& data_path, std::int64_t batch,
                                        const Context& context);

/// How a combination does against its members on some rows.
struct EnsembleJudgement {
  std::vector<Estimate> members;  ///< accuracy of each
  Estimate ensemble;
  std::size_t best = 0;  ///< the member that it is compared with
  Estimate gain;         ///< of accuracy over that member; see PairedInterval()
  std::size_t rows = 0;
};

/// Precondition: `rows` is not empty. `best`: the member to compare with.
EnsembleJudgement JudgeEnsemble(const jobs::MemberScores& scores,
                                const jobs::Combination& combination,
                                std::span<const std::size_t> rows, std::size_t best);
/// The member with the most hits among the rows; the first of several. Precondition: as above.
std::size_t BestMember(const jobs::MemberScores& scores, std::span<const std::size_t> rows);

}  // namespace slipway::cli
