#include "serve/remote/http_outcome.h"

#include <algorithm>
#include <array>

#include "base/error_catalogue.h"
#include "serve/remote/oip_codec.h"

namespace slipway::serve {
namespace {

using Health = RemoteOutcome::Health;

struct StatusRow {
  int status;
  RefusalMeaning meaning;
};

// What this server is refused for is no fault of the ensemble's client.
constexpr std::array kStatuses = {
    StatusRow{401, {Code::kInternal, errors::kRemoteAnswer, Health::kAlive}},
    StatusRow{403, {Code::kInternal, errors::kRemoteAnswer, Health::kAlive}},
    StatusRow{404, {Code::kInternal, errors::kRemoteAnswer, Health::kAlive}},
    StatusRow{429, {Code::kUnavailable, errors::kRemoteUnavailable, Health::kAlive}},
    StatusRow{502, {Code::kUnavailable, errors::kRemoteUnavailable, Health::kFailing}},
    StatusRow{503, {Code::kUnavailable, errors::kRemoteUnavailable, Health::kFailing, true}},
    StatusRow{504, {Code::kDeadlineExceeded, errors::kRemoteUnavailable, Health::kFailing}},
};
constexpr RefusalMeaning kOfTensors{Code::kInvalidArgument, ErrorNumber::kNone, Health::kAlive};
constexpr RefusalMeaning kAnyOther{Code::kInternal, errors::kRemoteAnswer, Health::kAlive};

}  // namespace

const RefusalMeaning* MeaningOfHttp(int status) {
  const auto row = std::ranges::find(kStatuses, status, &StatusRow::status);
  return row == kStatuses.end() ? nullptr : &row->meaning;
}

RemoteOutcome JudgeHttp(const RemoteCall& call, const Result<net::HttpAnswer>& answer) {
  if (!answer.ok()) return OutcomeOfNoAnswer(call, answer.status());
  if (answer->status == 200)
    return OutcomeOfAnswer(call, DecodeInfer(answer->body, JsonBytesOf(*answer), call.outputs));
  const Status said = StatusOfAnswer(*answer);
  const RefusalMeaning* meaning = MeaningOfHttp(answer->status);
  if (meaning == nullptr)
    meaning = said.code() == Code::kInvalidArgument ? &kOfTensors : &kAnyOther;
  return OutcomeOfRefusal(call, *meaning, said.message());
}

}  // namespace slipway::serve
