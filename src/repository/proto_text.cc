#include "repository/proto_text.h"

#include <fmt/format.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>

#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"

namespace slipway::repository {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxUnknown = 64;

// Keeps the first error. Lines and columns come from 0.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  explicit FirstError(std::vector<std::string>& unknown) : unknown_(unknown) {}

  void AddError(int line, int column, const std::string& message) override {
    if (!error_.ok()) return;
    error_ = InvalidArgument(Printable(message))
                 .With(errors::kInvalidPackage)
                 .At(fmt::format("line {}, column {}", line + 1, column + 1));
  }
  void AddWarning(int line, int, const std::string& message) override {
    if (unknown_.size() < kMaxUnknown)
      unknown_.push_back(fmt::format("line {}: {}", line + 1, Printable(message)));
  }
  Status Take() && { return std::move(error_); }

 private:
  std::vector<std::string>& unknown_;
  Status error_;
};

}  // namespace

Status ParseProtoText(std::string_view text, google::protobuf::Message& message,
                      std::vector<std::string>& unknown) {
  FirstError collector(unknown);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  parser.AllowUnknownField(true);
  parser.SetRecursionLimit(kMaxDepth);
  google::protobuf::io::ArrayInputStream input(text.data(), static_cast<int>(text.size()));
  if (parser.Parse(&input, &message)) return {};
  Status error = std::move(collector).Take();
  return error.ok() ? InvalidArgument("not protobuf's text form").With(errors::kInvalidPackage)
                    : error;
}

}  // namespace slipway::repository
