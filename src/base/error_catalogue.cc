#include "base/error_catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace slipway {

namespace {

constexpr auto kInvalidModel = ExitCode::kInvalidModel;

const std::array kCatalogue = {
    ErrorEntry{errors::kUnsupportedLayers, "the model contains parts that cannot be imported",
               "Every layer or operator without a translation is listed, not only the first.", 422,
               ExitCode::kUnsupported},
    ErrorEntry{errors::kUnrecognisedFormat, "the file is in no format that Slipway reads",
               "The format is told by the first bytes of the file, not by its name.", 415,
               ExitCode::kUnsupported},
    ErrorEntry{errors::kCorruptModelFile, "the model file breaks the rules of its own format",
               "The file is damaged or was cut short.", 422, kInvalidModel},
    ErrorEntry{errors::kForbiddenContent,
               "the model file contains something that is never executed or followed",
               "Code, pickled objects and links out of the file are refused.", 422, kInvalidModel},
    ErrorEntry{errors::kImportLimit, "the model file exceeds a limit of the importer",
               "Sizes, counts, nesting, memory and time of an import are bounded.", 422,
               kInvalidModel},
    ErrorEntry{errors::kImporterDied, "the confined import process ended unexpectedly",
               "The file made a parsing library crash; the program itself is unharmed.", 422,
               kInvalidModel},
    ErrorEntry{errors::kSelfCheckFailed, "the converted model failed its check on the engine",
               "The conversion ran, but its result did not do what its signature says.", 422,
               ExitCode::kCheckFailed},
    ErrorEntry{errors::kInvalidGraph, "the graph is not valid", "Verification names every finding.",
               422, kInvalidModel},
    ErrorEntry{errors::kRequestNotJson, "the request body is not valid JSON",
               "The byte offset is given."},
    ErrorEntry{errors::kRequestFieldInvalid, "a field of the request is missing or wrong",
               "The field is named."},
    ErrorEntry{errors::kTensorNameUnknown, "the model has no tensor of this name",
               "The known names are listed."},
    ErrorEntry{errors::kTensorShapeMismatch, "tensor shape does not match the signature",
               "Expected and given shape are shown."},
    ErrorEntry{errors::kTensorTypeMismatch, "tensor type does not match the signature",
               "Expected and given type are shown."},
    ErrorEntry{errors::kTensorDataMismatch, "the amount of tensor data does not match its shape",
               "Expected and given counts are shown."},
    ErrorEntry{errors::kBodyTooLarge, "the request body is larger than the limit",
               "Raise --max-body.", 413},
    ErrorEntry{errors::kUnsupportedMediaType, "the content type or encoding is not supported",
               "Accepted ones are listed.", 415},
    ErrorEntry{errors::kHeadersTooLarge, "the request headers are larger than the limit", "", 431},
    ErrorEntry{errors::kUriTooLong, "the request line is longer than the limit", "", 414},
    ErrorEntry{errors::kRequestTimeout, "the request did not arrive in time", "", 408},
    ErrorEntry{errors::kMethodNotAllowed, "the path exists, but not with this method", "", 405},
    ErrorEntry{errors::kExpectationFailed, "the Expect header is not understood", "", 417},
    ErrorEntry{errors::kModelNotFound, "no such model or version",
               "List them with: slipway ls, slipway ps"},
    ErrorEntry{errors::kModelNotReady, "the model exists but is not ready", ""},
    ErrorEntry{errors::kQueueFull, "the model's queue is full",
               "Retry after the time in Retry-After."},
    ErrorEntry{errors::kStoreFull, "the store's disk is full", "", 507, ExitCode::kResources},
    ErrorEntry{errors::kDigestMismatch, "content does not match its digest", "", 422,
               kInvalidModel},
    ErrorEntry{errors::kStoreCorrupt, "the store is damaged", "", 0, ExitCode::kFailure},
    ErrorEntry{errors::kStoreNewer, "the store was written by a newer version", "", 0,
               ExitCode::kFailure},
    ErrorEntry{errors::kStoreLocked, "another process holds the store", "", 503,
               ExitCode::kConflict},
    ErrorEntry{errors::kInvalidPackage, "the package is not valid", "", 422, kInvalidModel},
    ErrorEntry{errors::kEngineNotFound, "the engine's library was not found", "", 0,
               ExitCode::kFailure},
    ErrorEntry{errors::kEngineRejectedModel, "the engine refused the model", "", 422,
               kInvalidModel},
    ErrorEntry{errors::kEngineRunFailed, "the engine failed while running the model", ""},
    ErrorEntry{errors::kAddressInUse, "the address is in use", "", 0, ExitCode::kResources},
    ErrorEntry{errors::kInsecureAddress, "a public address needs --insecure", "", 0,
               ExitCode::kPolicy},
    ErrorEntry{errors::kServerUnreachable, "the server does not answer", "", 0,
               ExitCode::kServerUnavailable},
    ErrorEntry{errors::kAdminKeyMissing, "the admin key is missing or wrong", "", 401,
               ExitCode::kNetwork},
    ErrorEntry{errors::kUsage, "the command line is not valid", "", 0, ExitCode::kUsage},
    ErrorEntry{errors::kCheckFailed, "a check failed", "", 0, ExitCode::kCheckFailed},
};

ExitCode ExitCodeOfCode(Code code) {
  switch (code) {
    case Code::kOk:
      return ExitCode::kSuccess;
    case Code::kNotFound:
      return ExitCode::kNotFound;
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return ExitCode::kUsage;
    case Code::kUnimplemented:
      return ExitCode::kUnsupported;
    case Code::kAlreadyExists:
    case Code::kAborted:
      return ExitCode::kConflict;
    case Code::kUnavailable:
      return ExitCode::kServerUnavailable;
    case Code::kResourceExhausted:
      return ExitCode::kResources;
    case Code::kUnauthenticated:
    case Code::kPermissionDenied:
      return ExitCode::kNetwork;
    case Code::kDataLoss:
      return ExitCode::kInvalidModel;
    case Code::kDeadlineExceeded:
      return ExitCode::kTimeout;
    case Code::kCancelled:
      return ExitCode::kInterrupted;
    default:
      return ExitCode::kFailure;
  }
}

}  // namespace

std::span<const ErrorEntry> ErrorCatalogue() { return kCatalogue; }

const ErrorEntry* FindError(ErrorNumber number) {
  const auto found = std::find_if(kCatalogue.begin(), kCatalogue.end(),
                                  [&](const ErrorEntry& entry) { return entry.number == number; });
  return found == kCatalogue.end() ? nullptr : &*found;
}

std::string ErrorName(ErrorNumber number) {
  return fmt::format("SLIPWAY-E{}", static_cast<unsigned>(number));
}

std::optional<ErrorNumber> ParseErrorName(std::string_view text) {
  std::string lower = ToLower(text);
  std::string_view rest = lower;
  if (rest.starts_with("slipway-")) rest.remove_prefix(8);
  if (rest.starts_with("e")) rest.remove_prefix(1);
  const auto number = ParseUint64(rest);
  if (!number || *number > 9999) return std::nullopt;
  const auto parsed = static_cast<ErrorNumber>(*number);
  if (FindError(parsed) == nullptr) return std::nullopt;
  return parsed;
}

ExitCode ExitCodeOf(const Status& status) {
  const ErrorEntry* entry = FindError(status.number());
  if (entry != nullptr && entry->exit_code) return *entry->exit_code;
  return ExitCodeOfCode(status.code());
}

}  // namespace slipway
