#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace slipway {

/// Exit codes of the command line (docs/cli.md); fixed, others script against them.
enum class ExitCode : int {
  kSuccess = 0,
  kFailure = 1,
  kUsage = 2,
  kNotFound = 3,
  kInvalidModel = 4,
  kUnsupported = 5,
  kCheckFailed = 6,
  kNetwork = 7,
  kServerUnavailable = 8,
  kResources = 9,
  kConflict = 10,
  kPolicy = 11,
  kThresholdFailed = 12,
  kTimeout = 124,
  kInterrupted = 130,
  kTerminated = 143,
};

/// One row of the catalogue: everything that is the same for every occurrence of an error.
struct ErrorEntry {
  ErrorNumber number;
  std::string_view title;  ///< a noun phrase: "tensor shape does not match the signature"
  std::string_view
      explanation;  ///< what it means, why it happens, what to do; for `slipway explain-error`
  int http_status =
      0;  ///< where it differs from the code's own (413, 415, 422, 431, 507); 0: it does not
  std::optional<ExitCode> exit_code;  ///< where it differs from the code's own
};

/// The errors with numbers of their own, ascending. Ranges: 1xxx files and formats (import), 2xxx
/// requests, 3xxx store and registry, 4xxx engines and models, 5xxx network and server, 6xxx
/// command line and configuration.
namespace errors {
inline constexpr ErrorNumber kUnsupportedLayers{
    1001};  ///< import: what cannot be imported, all of it at once
inline constexpr ErrorNumber kUnrecognisedFormat{
    1002};  ///< import: neither name nor content tells a known format
inline constexpr ErrorNumber kCorruptModelFile{1003};  ///< import: the file breaks its own format
inline constexpr ErrorNumber kForbiddenContent{
    1004};  ///< import: code, pickles, links out of the file
inline constexpr ErrorNumber kImportLimit{
    1005};  ///< import: a size, count, ratio, time or memory bound
inline constexpr ErrorNumber kImporterDied{
    1006};  ///< import: the confined process crashed or was killed
inline constexpr ErrorNumber kSelfCheckFailed{
    1007};  ///< import: the converted graph failed on the engine
inline constexpr ErrorNumber kInvalidGraph{1101};  ///< graph: Verify found something
inline constexpr ErrorNumber kRequestNotJson{2101};
inline constexpr ErrorNumber kRequestFieldInvalid{2102};
inline constexpr ErrorNumber kTensorNameUnknown{2103};
inline constexpr ErrorNumber kTensorShapeMismatch{2104};
inline constexpr ErrorNumber kTensorTypeMismatch{2105};
inline constexpr ErrorNumber kTensorDataMismatch{2106};    ///< element or byte count
inline constexpr ErrorNumber kBodyTooLarge{2201};          ///< 413
inline constexpr ErrorNumber kUnsupportedMediaType{2202};  ///< 415
inline constexpr ErrorNumber kHeadersTooLarge{2203};       ///< 431
inline constexpr ErrorNumber kUriTooLong{2204};            ///< 414
inline constexpr ErrorNumber kRequestTimeout{2205};        ///< 408
inline constexpr ErrorNumber kMethodNotAllowed{2206};      ///< 405
inline constexpr ErrorNumber kExpectationFailed{2207};     ///< 417
inline constexpr ErrorNumber kModelNotFound{2301};
inline constexpr ErrorNumber kModelNotReady{2302};
inline constexpr ErrorNumber kQueueFull{2303};
inline constexpr ErrorNumber kStoreFull{3001};  ///< 507
inline constexpr ErrorNumber kDigestMismatch{3002};
inline constexpr ErrorNumber kStoreCorrupt{3003};
inline constexpr ErrorNumber kStoreNewer{3004};  ///< written by a newer version of the program
inline constexpr ErrorNumber kStoreLocked{3005};
inline constexpr ErrorNumber kInvalidPackage{3006};  ///< 422
inline constexpr ErrorNumber kEngineNotFound{4001};
inline constexpr ErrorNumber kEngineRejectedModel{4002};
inline constexpr ErrorNumber kEngineRunFailed{4003};
inline constexpr ErrorNumber kRunMemory{4004};     ///< 422
inline constexpr ErrorNumber kMemoryBudget{4005};  ///< 507
inline constexpr ErrorNumber kEngineWorkerEnded{4006};
inline constexpr ErrorNumber kEngineQuarantined{4007};
inline constexpr ErrorNumber kInputEndsWorker{4008};  ///< 422
inline constexpr ErrorNumber kAddressInUse{5001};
inline constexpr ErrorNumber kInsecureAddress{5002};  ///< a non-loopback address without --insecure
inline constexpr ErrorNumber kServerUnreachable{5003};
inline constexpr ErrorNumber kKeyMissing{5004};
inline constexpr ErrorNumber kTlsCertificate{5005};      ///< a server's own files
inline constexpr ErrorNumber kTlsUntrustedServer{5006};  ///< as its client sees it
inline constexpr ErrorNumber kRoleMissing{5007};         ///< 403
inline constexpr ErrorNumber kQuotaUsed{5008};           ///< 429
inline constexpr ErrorNumber kWrongDoor{5009};           ///< 403
inline constexpr ErrorNumber kRemoteNotAllowed{5010};    ///< a step's server that nobody named
inline constexpr ErrorNumber kRemoteUnavailable{5011};   ///< a step's server does not answer now
inline constexpr ErrorNumber kRemoteAnswer{5012};        ///< 502: or answers something else
inline constexpr ErrorNumber kUsage{6001};
inline constexpr ErrorNumber kCheckFailed{6002};
}  // namespace errors

/// Every row, ascending by number.
std::span<const ErrorEntry> ErrorCatalogue();

/// The row of a number, or nullptr.
const ErrorEntry* FindError(ErrorNumber number);

/// "SLIPWAY-E2104".
std::string ErrorName(ErrorNumber number);

/// The number behind "SLIPWAY-E2104", "E2104" or "2104" (any case), if it is in the catalogue.
std::optional<ErrorNumber> ParseErrorName(std::string_view text);

/// The process exit code for a failure: the catalogue's where it has one, else by code (docs/cli.md
/// lists both).
ExitCode ExitCodeOf(const Status& status);

}  // namespace slipway
