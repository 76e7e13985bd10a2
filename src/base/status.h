#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace slipway {

/// The seventeen canonical codes of google.rpc.Code, with its numbers. The code says who must act:
/// the client (kInvalidArgument, kNotFound), the state of something (kFailedPrecondition), a
/// client's quota (kResourceExhausted), load (kUnavailable), us (kInternal).
enum class Code : std::uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

/// "INVALID_ARGUMENT", as google.rpc.Code spells it.
std::string_view CodeName(Code code);

/// A stable number that users may script against and look up: 2104 is printed as SLIPWAY-E2104. 0
/// means none. The numbers and their explanations stand in base/error_catalogue.h.
enum class ErrorNumber : std::uint16_t { kNone = 0 };

/// Success, or what was wrong, where, and what to do. Success costs one null pointer. Movable and
/// copyable; thread-compatible.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message);

  Status(const Status& other);
  Status& operator=(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  bool ok() const { return detail_ == nullptr; }
  Code code() const { return detail_ ? detail_->code : Code::kOk; }
  ErrorNumber number() const { return detail_ ? detail_->number : ErrorNumber::kNone; }

  /// One sentence: what was wrong, expected against actual. Empty for success.
  const std::string& message() const;
  /// Where: a file, node, tensor or field, innermost last ("model.h5, layer conv2d_1"). May be
  /// empty.
  const std::string& place() const;
  /// What to do, ready to paste. May be empty.
  const std::string& hint() const;

  /// "message (at place)": one line for a log or a protocol that has one text only.
  std::string ToString() const;

  /// Each returns this status with more said; none changes success. At() puts the outer place
  /// before the inner one.
  Status With(ErrorNumber number) &&;
  Status At(std::string_view place) &&;
  Status Hint(std::string hint) &&;

 private:
  struct Detail {
    Code code;
    ErrorNumber number = ErrorNumber::kNone;
    std::string message;
    std::string place;
    std::string hint;
  };
  std::unique_ptr<Detail> detail_;
};

Status Cancelled(std::string message);
Status Unknown(std::string message);
Status InvalidArgument(std::string message);
Status DeadlineExceeded(std::string message);
Status NotFound(std::string message);
Status AlreadyExists(std::string message);
Status PermissionDenied(std::string message);
Status ResourceExhausted(std::string message);
Status FailedPrecondition(std::string message);
Status Aborted(std::string message);
Status OutOfRange(std::string message);
Status Unimplemented(std::string message);
Status Internal(std::string message);
Status Unavailable(std::string message);
Status DataLoss(std::string message);
Status Unauthenticated(std::string message);

/// The code for an errno value: ENOENT is kNotFound, ENOSPC kResourceExhausted, EACCES
/// kPermissionDenied, ... `doing` says what was being done: "cannot open model.h5". The errno's own
/// text is appended.
Status ErrnoStatus(int error_number, std::string_view doing);

/// A T, or the Status that says why there is none. Constructing one from a success Status is a
/// programmer's error (aborts).
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Status status)
      : state_(std::in_place_index<1>, std::move(status)) {  // NOLINT(google-explicit-constructor)
    if (std::get<1>(state_).ok()) std::abort();
  }

  bool ok() const { return state_.index() == 0; }

  /// Precondition: ok().
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// Success if ok(), else the error.
  Status status() const& { return ok() ? Status() : std::get<1>(state_); }
  Status status() && { return ok() ? Status() : std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace slipway

#define SLIPWAY_CONCAT_INNER_(a, b) a##b
#define SLIPWAY_CONCAT_(a, b) SLIPWAY_CONCAT_INNER_(a, b)

/// SLIPWAY_TRY(const Shape shape, ParseShape(text)): declares `shape`, or returns the error from
/// this function.
#define SLIPWAY_TRY(declaration, expression) \
  SLIPWAY_TRY_INNER_(SLIPWAY_CONCAT_(slipway_result_, __COUNTER__), declaration, expression)
#define SLIPWAY_TRY_INNER_(result, declaration, expression) \
  auto result = (expression);                               \
  if (!result.ok()) return std::move(result).status();      \
  declaration = std::move(result).value()

/// SLIPWAY_RETURN_IF_ERROR(Check(x)): returns the error from this function, if there is one.
#define SLIPWAY_RETURN_IF_ERROR(expression)                                    \
  do {                                                                         \
    if (::slipway::Status slipway_status = (expression); !slipway_status.ok()) \
      return slipway_status;                                                   \
  } while (false)
