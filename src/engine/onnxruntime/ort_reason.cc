#include "engine/onnxruntime/ort_reason.h"

#include <fmt/format.h>

#include <cctype>
#include <filesystem>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/onnxruntime/ort_library.h"

namespace slipway::engine {

namespace {

constexpr std::size_t kLongestReason = 600;

void ReplaceAll(std::string& text, std::string_view what, std::string_view with) {
  if (what.empty()) return;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
}

/// Every way in which the library may spell the model's folder. The root and the working folder say
/// nothing about the host, and would match where they are not meant.
void HideFolder(std::string& text, const std::filesystem::path& file) {
  const std::string folder = file.parent_path().string();
  if (folder.empty() || folder == "/" || folder == ".") return;
  ReplaceAll(text, folder + "/", "");
  ReplaceAll(text, folder, "the model's folder");
}

void HidePaths(std::string& text, const std::string& model_path) {
  if (model_path.empty()) return;
  std::error_code error;
  const std::filesystem::path given(model_path);
  HideFolder(text, std::filesystem::weakly_canonical(given, error));
  HideFolder(text, std::filesystem::absolute(given, error));
  HideFolder(text, given);
}

/// "/build/core/x.cc:43 void f(const T&) size > 0 was false. Words" says "Words".
void DropSourcePlaces(std::string& text) {
  for (const std::string_view ending : {".cc:", ".h:", ".cpp:"}) {
    for (std::size_t at = text.find(ending); at != std::string::npos; at = text.find(ending, at)) {
      const std::size_t digits = at + ending.size();
      if (digits >= text.size() || std::isdigit(static_cast<unsigned char>(text[digits])) == 0) {
        at = digits;
        continue;
      }
      const std::size_t space = text.rfind(' ', at);
      const std::size_t begin = space == std::string::npos ? 0 : space + 1;
      std::size_t end = text.find(' ', digits);
      constexpr std::string_view kCondition = " was false. ";
      if (const std::size_t condition = text.find(kCondition, digits);
          condition != std::string::npos) {
        end = condition + kCondition.size() - 1;
      } else if (const std::size_t signature = text.find(") ", digits);
                 signature != std::string::npos) {
        end = signature + 1;
      }
      text.erase(begin, end == std::string::npos ? std::string::npos : end + 1 - begin);
      at = begin;
    }
  }
}

void JoinLines(std::string& text) {
  for (char& c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) c = ' ';
  }
  ReplaceAll(text, "  ", " ");
  text = std::string(Trim(text));
}

bool IsAboutMemory(std::string_view reason) {
  return reason.find("bad_alloc") != std::string_view::npos ||
         reason.find("bad allocation") != std::string_view::npos ||
         reason.find("Failed to allocate memory") != std::string_view::npos;
}

struct OrtFailure {
  OrtErrorCode code;
  std::string text;
};

OrtFailure Take(const OrtApi& api, OrtStatus* status) {
  const OrtHandle<OrtStatus> owned(status, OrtRelease{&api});
  return {api.GetErrorCode(status), api.GetErrorMessage(status)};
}

}  // namespace

std::string ReasonFor(std::string_view text, const std::string& model_path) {
  std::string reason(text);
  DropSourcePlaces(reason);
  HidePaths(reason, model_path);
  JoinLines(reason);
  return Printable(reason, kLongestReason);
}

Status LoadFailure(const OrtApi& api, OrtStatus* status, const std::string& model_path) {
  if (status == nullptr) return {};
  const OrtFailure failure = Take(api, status);
  std::string message =
      fmt::format("the engine refused the model: {}", ReasonFor(failure.text, model_path));
  if (IsAboutMemory(message)) return ResourceExhausted(std::move(message));
  const Code code =
      failure.code == ORT_NOT_IMPLEMENTED ? Code::kUnimplemented : Code::kInvalidArgument;
  return Status(code, std::move(message))
      .With(errors::kEngineRejectedModel)
      .Hint("slipway verify says what is wrong with a model file");
}

Status RunFailure(const OrtApi& api, OrtStatus* status) {
  if (status == nullptr) return {};
  const OrtFailure failure = Take(api, status);
  std::string message = fmt::format("the model cannot be run: {}", ReasonFor(failure.text, ""));
  if (IsAboutMemory(message)) {
    return ResourceExhausted(std::move(message)).With(errors::kEngineRunFailed);
  }
  // The model ran when it was loaded; what a kernel refuses later are the values of its inputs.
  const bool is_about_inputs = failure.code == ORT_FAIL || failure.code == ORT_INVALID_ARGUMENT ||
                               failure.code == ORT_RUNTIME_EXCEPTION ||
                               failure.code == ORT_NOT_IMPLEMENTED;
  return Status(is_about_inputs ? Code::kInvalidArgument : Code::kInternal, std::move(message))
      .With(errors::kEngineRunFailed);
}

}  // namespace slipway::engine
