#include "repository/served_repository.h"

#include "repository/read_repository.h"

namespace slipway::repository {

Result<RepositoryLayout> ServedRepository::Read() {
  if (!HasGiven()) return ReadRepository(path_);
  SLIPWAY_TRY(const std::string text, ReadListText(path_));
  const std::optional<ModelList> given = GivenWhile(text);
  return given ? ReadListAt(*given, path_) : ReadRepository(path_);
}

bool ServedRepository::HasGiven() {
  const std::lock_guard lock(mutex_);
  return given_.has_value();
}

std::optional<ModelList> ServedRepository::GivenWhile(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (text != replaced_) given_.reset();
  return given_;
}

Result<ServedRepository::Candidate> ServedRepository::Consider(std::string_view text) const {
  Candidate candidate;
  SLIPWAY_TRY(candidate.list, ParseModelList(text));
  SLIPWAY_TRY(candidate.replaces, ReadListText(path_));
  candidate.layout = ReadListAt(candidate.list, path_);
  return candidate;
}

void ServedRepository::Replace(Candidate candidate) {
  const std::lock_guard lock(mutex_);
  given_ = std::move(candidate.list);
  replaced_ = std::move(candidate.replaces);
  news_ = std::move(candidate.layout);
}

std::optional<RepositoryLayout> ServedRepository::TakeReplaced() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, std::nullopt);
}

}  // namespace slipway::repository
