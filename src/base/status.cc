#include "base/status.h"

#include <cerrno>
#include <cstring>

namespace slipway {

namespace {

const std::string& Empty() {
  static const std::string empty;
  return empty;
}

Code CodeOfErrno(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
    case ENXIO:
      return Code::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kPermissionDenied;
    case EEXIST:
    case EADDRINUSE:
      return Code::kAlreadyExists;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EFBIG:
      return Code::kResourceExhausted;
    case EINVAL:
    case ENAMETOOLONG:
    case EISDIR:
    case ELOOP:
      return Code::kInvalidArgument;
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EAGAIN:
    case EPIPE:
      return Code::kUnavailable;
    case ETIMEDOUT:
      return Code::kDeadlineExceeded;
    case EIO:
      return Code::kDataLoss;
    default:
      return Code::kInternal;
  }
}

}  // namespace

std::string_view CodeName(Code code) {
  static constexpr std::string_view kNames[] = {"OK",
                                                "CANCELLED",
                                                "UNKNOWN",
                                                "INVALID_ARGUMENT",
                                                "DEADLINE_EXCEEDED",
                                                "NOT_FOUND",
                                                "ALREADY_EXISTS",
                                                "PERMISSION_DENIED",
                                                "RESOURCE_EXHAUSTED",
                                                "FAILED_PRECONDITION",
                                                "ABORTED",
                                                "OUT_OF_RANGE",
                                                "UNIMPLEMENTED",
                                                "INTERNAL",
                                                "UNAVAILABLE",
                                                "DATA_LOSS",
                                                "UNAUTHENTICATED"};
  return kNames[static_cast<std::size_t>(code)];
}

Status::Status(Code code, std::string message) {
  if (code == Code::kOk) return;
  detail_ = std::make_unique<Detail>(Detail{.code = code, .message = std::move(message)});
}

Status::Status(const Status& other)
    : detail_(other.detail_ ? std::make_unique<Detail>(*other.detail_) : nullptr) {}

Status& Status::operator=(const Status& other) {
  if (this != &other) detail_ = other.detail_ ? std::make_unique<Detail>(*other.detail_) : nullptr;
  return *this;
}

const std::string& Status::message() const { return detail_ ? detail_->message : Empty(); }
const std::string& Status::place() const { return detail_ ? detail_->place : Empty(); }
const std::string& Status::hint() const { return detail_ ? detail_->hint : Empty(); }

std::string Status::ToString() const {
  if (ok()) return "OK";
  if (detail_->place.empty()) return detail_->message;
  return detail_->message + " (at " + detail_->place + ")";
}

Status Status::With(ErrorNumber number) && {
  if (detail_) detail_->number = number;
  return std::move(*this);
}

Status Status::At(std::string_view place) && {
  if (detail_ && !place.empty()) {
    detail_->place =
        detail_->place.empty() ? std::string(place) : std::string(place) + ", " + detail_->place;
  }
  return std::move(*this);
}

Status Status::Hint(std::string hint) && {
  if (detail_) detail_->hint = std::move(hint);
  return std::move(*this);
}

Status Cancelled(std::string message) { return {Code::kCancelled, std::move(message)}; }
Status Unknown(std::string message) { return {Code::kUnknown, std::move(message)}; }
Status InvalidArgument(std::string message) { return {Code::kInvalidArgument, std::move(message)}; }
Status DeadlineExceeded(std::string message) {
  return {Code::kDeadlineExceeded, std::move(message)};
}
Status NotFound(std::string message) { return {Code::kNotFound, std::move(message)}; }
Status AlreadyExists(std::string message) { return {Code::kAlreadyExists, std::move(message)}; }
Status PermissionDenied(std::string message) {
  return {Code::kPermissionDenied, std::move(message)};
}
Status ResourceExhausted(std::string message) {
  return {Code::kResourceExhausted, std::move(message)};
}
Status FailedPrecondition(std::string message) {
  return {Code::kFailedPrecondition, std::move(message)};
}
Status Aborted(std::string message) { return {Code::kAborted, std::move(message)}; }
Status OutOfRange(std::string message) { return {Code::kOutOfRange, std::move(message)}; }
Status Unimplemented(std::string message) { return {Code::kUnimplemented, std::move(message)}; }
Status Internal(std::string message) { return {Code::kInternal, std::move(message)}; }
Status Unavailable(std::string message) { return {Code::kUnavailable, std::move(message)}; }
Status DataLoss(std::string message) { return {Code::kDataLoss, std::move(message)}; }
Status Unauthenticated(std::string message) { return {Code::kUnauthenticated, std::move(message)}; }

Status ErrnoStatus(int error_number, std::string_view doing) {
  return {CodeOfErrno(error_number), std::string(doing) + ": " + std::strerror(error_number)};
}

}  // namespace slipway
