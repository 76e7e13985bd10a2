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
               "Every layer or operator without a translation is listed, not only the first. "
               "Replace them in the training code, or export the model to ONNX there and "
               "import that; docs/formats.md lists what is read.",
               422, ExitCode::kUnsupported},
    ErrorEntry{errors::kUnrecognisedFormat, "the file is in no format that Slipway reads",
               "The format is told by the first bytes of the file, not by its name. Keras "
               "(.h5, .keras) and ONNX are read; save the model in one of them.",
               415, ExitCode::kUnsupported},
    ErrorEntry{errors::kCorruptModelFile, "the model file breaks the rules of its own format",
               "The file is damaged or was cut short, often by an interrupted copy. Compare "
               "its size and checksum with the original and copy it again.",
               422, kInvalidModel},
    ErrorEntry{errors::kForbiddenContent,
               "the model file contains something that is never executed or followed",
               "Code, pickled objects and links out of the file are refused, whoever wrote "
               "them. Replace the layer by one without code of its own, and save external data "
               "beside the model under a plain relative name.",
               422, kInvalidModel},
    ErrorEntry{errors::kImportLimit, "the model file exceeds a limit of the importer",
               "Sizes, counts, nesting, memory and time of an import are bounded, so that a "
               "hostile file cannot take the machine. The message names the limit and what the "
               "file declares.",
               422, kInvalidModel},
    ErrorEntry{errors::kImporterDied, "the confined import process ended unexpectedly",
               "Reading the file made a parsing library crash, or touched what the confinement "
               "forbids; the program itself is unharmed. The file is most likely damaged or "
               "hostile. If you trust it, please report it.",
               422, kInvalidModel},
    ErrorEntry{errors::kSelfCheckFailed, "the converted model failed its check on the engine",
               "Every conversion is run before it counts, and this one did not do what its "
               "signature says. It is not published. Please report the model.",
               422, ExitCode::kCheckFailed},
    ErrorEntry{errors::kInvalidGraph, "the graph is not valid",
               "Verification names every finding and the node where it is. Correct the program "
               "that wrote the file; `slipway verify` shows the same list.",
               422, kInvalidModel},
    ErrorEntry{errors::kRequestNotJson, "the request body is not valid JSON",
               "The message gives the byte where parsing stopped. Duplicate keys, comments, "
               "NaN and a nesting beyond 64 are not accepted."},
    ErrorEntry{errors::kRequestFieldInvalid, "a field of the request is missing or wrong",
               "The message names the field, what stands there and what is allowed. GET "
               "/openapi.json describes every request."},
    ErrorEntry{errors::kTensorNameUnknown, "the model has no tensor of this name",
               "The message lists the names it has. GET /v2/models/NAME and `slipway show "
               "NAME` print the signature."},
    ErrorEntry{errors::kTensorShapeMismatch, "tensor shape does not match the signature",
               "The message shows the shape asked for (N or ? is any size) and the one that "
               "came. A forgotten batch dimension and channels in the other order are the "
               "usual causes."},
    ErrorEntry{errors::kTensorTypeMismatch, "tensor type does not match the signature",
               "The message shows the type asked for and the one that came. Convert before "
               "sending: nothing is cast silently."},
    ErrorEntry{errors::kTensorDataMismatch, "the amount of tensor data does not match its shape",
               "The message shows both counts. Nested lists must be as deep as the shape, and "
               "binary data as long as its elements."},
    ErrorEntry{errors::kBodyTooLarge, "the request body is larger than the limit",
               "The limit counts the body as sent and as decompressed. Send smaller batches, "
               "or start the server with a higher --max-body.",
               413},
    ErrorEntry{errors::kUnsupportedMediaType, "the content type or encoding is not supported",
               "Bodies are JSON or the binary tensor extension, plain or compressed once with "
               "gzip or deflate. The message lists what this route takes.",
               415},
    ErrorEntry{errors::kHeadersTooLarge, "the request headers are larger than the limit",
               "The number of headers and their bytes are bounded. Large cookies of a proxy "
               "are the usual cause.",
               431},
    ErrorEntry{errors::kUriTooLong, "the request line is longer than the limit",
               "The bytes of a request line are bounded. Tensors belong into the body of a "
               "POST.",
               414},
    ErrorEntry{errors::kRequestTimeout, "the request did not arrive in time",
               "Headers and body must arrive within their time, and bodies at a least rate. "
               "The connection is closed; send the request again.",
               408},
    ErrorEntry{errors::kMethodNotAllowed, "the path exists, but not with this method",
               "The Allow header lists the methods that it has.", 405},
    ErrorEntry{errors::kExpectationFailed, "the Expect header is not understood",
               "Only 100-continue is. Send the request without the header.", 417},
    ErrorEntry{errors::kModelNotFound, "no such model or version",
               "`slipway ls` lists what is in the store, `slipway ps` what a server has "
               "loaded."},
    ErrorEntry{errors::kModelNotReady, "the model exists but is not ready",
               "It is loading, or loading failed; POST /v2/repository/index gives state and "
               "reason. Ask GET /v2/models/NAME/ready before sending."},
    ErrorEntry{errors::kQueueFull, "the model's queue is full",
               "Requests come faster than the model answers. Retry after the seconds in Retry- "
               "After, send fewer at once, or serve on more cores."},
    ErrorEntry{errors::kStoreFull, "the store's disk is full",
               "Nothing was published, and what is served goes on. Make room: `slipway rm` and "
               "then `slipway gc` give space back.",
               507, ExitCode::kResources},
    ErrorEntry{errors::kDigestMismatch, "content does not match its digest",
               "The bytes are not those that were published: a damaged disk or copy, or "
               "somebody changed them. They are not used. `slipway verify` finds them all; "
               "publish the model again.",
               422, kInvalidModel},
    ErrorEntry{errors::kStoreCorrupt, "the store is damaged",
               "Its catalogue or an object in it cannot be read. Restore the store from a "
               "copy, or point SLIPWAY_STORE to an empty directory and publish again.",
               0, ExitCode::kFailure},
    ErrorEntry{errors::kStoreNewer, "the store was written by a newer version",
               "This program does not know the layout and changes nothing. Use the newer "
               "version, or another SLIPWAY_STORE.",
               0, ExitCode::kFailure},
    ErrorEntry{errors::kStoreLocked, "another process holds the store",
               "Writers wait a few seconds for each other. Try again when the other command "
               "has ended.",
               503, ExitCode::kConflict},
    ErrorEntry{errors::kInvalidPackage, "the package is not valid",
               "Its manifest lacks something, contradicts itself or names content that is not "
               "there. Publish the model again.",
               422, kInvalidModel},
    ErrorEntry{errors::kEngineNotFound, "the engine's library was not found",
               "The message lists where it was looked for. Install ONNX Runtime there or name "
               "the library in SLIPWAY_ORT_LIBRARY; `slipway doctor` checks it.",
               0, ExitCode::kFailure},
    ErrorEntry{errors::kEngineRejectedModel, "the engine refused the model",
               "It has no kernel for an operator, type or version in the graph; the message "
               "names it. A newer engine or an older opset helps.",
               422, kInvalidModel},
    ErrorEntry{errors::kEngineRunFailed, "the engine failed while running the model",
               "The values or sizes of this input made an operator fail; others are "
               "unaffected. If ordinary input does it, please report the model."},
    ErrorEntry{errors::kRunMemory, "the model needs too much memory for this input",
               "The values or the number of rows decide how much a run takes, and this one would "
               "pass the server's bound; others are unaffected. Send less at once, or start the "
               "server with a larger --max-run-memory.",
               422},
    ErrorEntry{errors::kMemoryBudget, "the models would need more memory than they may have",
               "What is loaded stays. Unload models that nobody needs (slipway ps, slipway unload "
               "NAME), or start the server with a larger --memory-budget.",
               507},
    ErrorEntry{errors::kEngineWorkerEnded, "the process that ran the model ended",
               "The model's engine runs in a process of its own (--isolation process), which "
               "crashed, hung or was killed with this request in it; it is back within a second, "
               "and other models have seen nothing. Send the request again. If the same request "
               "does it again, that input makes the engine fail.",
               503},
    ErrorEntry{errors::kEngineQuarantined, "the model ended its process too often",
               "It is not started again, so that it costs nobody anything: the index and the log "
               "say how it ended last. Publish a version that works, or load the model again "
               "(slipway load NAME) to try it once more.",
               503},
    ErrorEntry{
        errors::kInputEndsWorker, "this input ended the model's process twice",
        "The process crashed, hung or wrote nonsense with exactly this input in it, and once "
        "more when it had nothing else to do (--isolation process). The input is refused "
        "for ten minutes so that it costs nobody the model; other inputs are served. Do not "
        "send it again: look at its values, or mend the model. The log says how the process "
        "ended; loading the model again (slipway load NAME) forgets the input.",
        422},
    ErrorEntry{errors::kAddressInUse, "the address is in use",
               "Another program listens there, perhaps another `slipway serve`. Choose another "
               "port, or --port 0 for any free one.",
               0, ExitCode::kResources},
    ErrorEntry{errors::kInsecureAddress, "a public address needs TLS or --insecure",
               "In clear text anybody on the network can read along. Give the server a certificate "
               "with --tls-cert and --tls-key, listen on 127.0.0.1 behind a proxy that has one, or "
               "accept it with --insecure.",
               0, ExitCode::kPolicy},
    ErrorEntry{errors::kServerUnreachable, "the server does not answer",
               "Nothing listens at the address, or it closed the connection. Check URL and "
               "port, and that the server runs.",
               0, ExitCode::kServerUnavailable},
    ErrorEntry{errors::kKeyMissing, "a key is missing or not known",
               "Loading and unloading need the key that the first start writes into the store "
               "(mode 0600), or one that `slipway grant` made for an admin; a server that is open "
               "to nobody needs a key for everything but health. The command line finds the first "
               "by itself; other clients send a key as a header, and one key only.",
               401, ExitCode::kNetwork},
    ErrorEntry{
        errors::kTlsCertificate, "the certificate or its key cannot be used",
        "A server needs a certificate that is valid now and the key that belongs to it, both "
        "in PEM form, the key neither encrypted nor readable by others. Where the files "
        "change while a server runs, it goes on with those that it has.",
        0, ExitCode::kPolicy},
    ErrorEntry{errors::kTlsUntrustedServer, "the server's certificate is not trusted",
               "Nobody whom this machine trusts vouches for the server, or it has another name. "
               "--ca FILE names a certificate to trust instead: of the server's authority, or the "
               "server's own if it signed that itself.",
               0, ExitCode::kNetwork},
    ErrorEntry{errors::kRoleMissing, "the key's role does not include that",
               "A key is for what its roles say: `infer` runs models, `read` watches, `admin` does "
               "everything. Ask whoever runs the server for another: slipway grant NAME --role "
               "ROLE.",
               403, ExitCode::kNetwork},
    ErrorEntry{
        errors::kQuotaUsed, "the caller's quota is used up",
        "Whoever runs the server allows this caller so many requests a second, or so many at "
        "one time: `slipway keys` shows what each grant has, GET /v2/config what callers "
        "without a key have. Retry-After says when to ask again.",
        429, ExitCode::kResources},
    ErrorEntry{errors::kWrongDoor, "another listener serves that",
               "A server with an admin listener (slipway serve --admin-listen) takes loading, "
               "unloading, listing and its configuration there and nowhere else, and inference at "
               "its own address alone.",
               403, ExitCode::kNetwork},
    ErrorEntry{errors::kRemoteNotAllowed, "a step's server was not named at the start",
               "A step of an ensemble may be a model on another server, which the step calls by a "
               "name. Only whoever starts a server says what that name means: "
               "slipway serve --remote NAME=http://HOST:PORT.",
               0, ExitCode::kPolicy},
    ErrorEntry{errors::kRemoteUnavailable, "another server that a step needs is not available",
               "The server of a step refused the connection, did not answer in time or answered "
               "503, and trying again is not allowed or did not help; after several such failures "
               "it is not asked for some seconds. Look at that server; `slipway_remote_circuit` in "
               "/metrics says when it is asked again.",
               0, ExitCode::kServerUnavailable},
    ErrorEntry{errors::kRemoteAnswer, "another server answered a step with something else",
               "The answer is not of the Open Inference Protocol, has not the outputs that the "
               "step reads, or is an error that the ensemble's client did not cause. Ask the "
               "other server for the same model, and look at the versions on both sides.",
               502, ExitCode::kNetwork},
    ErrorEntry{errors::kUsage, "the command line is not valid",
               "`slipway COMMAND --help` shows what the command takes, with examples.", 0,
               ExitCode::kUsage},
    ErrorEntry{errors::kCheckFailed, "a check failed",
               "The command ran to its end, and what it compares or verifies is not as it "
               "should be; the lines above say where.",
               0, ExitCode::kCheckFailed},
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
