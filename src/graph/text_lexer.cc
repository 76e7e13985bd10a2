#include "graph/text_lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "graph/text_numbers.h"

namespace slipway::graph {

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsInWord(char c) { return IsLetter(c) || IsDigit(c) || c == '_'; }
bool IsInName(char c) { return IsInWord(c) || c == '.' || c == '/'; }
bool IsInNumber(char c) { return IsInWord(c) || c == '.' || c == '+' || c == '-'; }

}  // namespace

void TextLexer::SkipBlank() {
  while (!rest_.empty()) {
    const char c = rest_.front();
    if (c == '#') {
      rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
      continue;
    }
    if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return;
    if (c == '\n') ++line_;
    rest_.remove_prefix(1);
  }
}

Token TextLexer::ReadWhile(Token::Kind kind, bool (*belongs)(char)) {
  const auto end = std::ranges::find_if_not(rest_, belongs);
  Token token{.kind = kind, .text = std::string(rest_.begin(), end)};
  rest_.remove_prefix(token.text.size());
  return token;
}

Token TextLexer::ReadString(Token::Kind kind) {
  Token token{.kind = kind};
  rest_.remove_prefix(1);
  while (!rest_.empty() && rest_.front() != '"') {
    if (rest_.starts_with("\\x") && rest_.size() >= 4) {
      const Result<std::string> byte = BytesOfHex(rest_.substr(2, 2));
      token.text += byte.ok() ? *byte : "?";
      rest_.remove_prefix(4);
      continue;
    }
    if (rest_.front() == '\\' && rest_.size() >= 2) rest_.remove_prefix(1);
    token.text += rest_.front();
    rest_.remove_prefix(1);
  }
  if (rest_.empty()) return {.kind = Token::Kind::kMark, .text = "an open string"};
  rest_.remove_prefix(1);
  return token;
}

Token TextLexer::Read() {
  SkipBlank();
  if (rest_.empty()) return {};
  const char c = rest_.front();
  if (c == '"') return ReadString(Token::Kind::kString);
  if (c == '%') {
    rest_.remove_prefix(1);
    if (!rest_.empty() && rest_.front() == '"') return ReadString(Token::Kind::kValue);
    return ReadWhile(Token::Kind::kValue, IsInName);
  }
  if (IsDigit(c) || (c == '-' && rest_.size() > 1 && rest_[1] != '>'))
    return ReadWhile(Token::Kind::kNumber, IsInNumber);
  if (IsInWord(c)) return ReadWhile(Token::Kind::kWord, IsInWord);
  const std::size_t size = rest_.starts_with("->") ? 2 : rest_.starts_with("...") ? 3 : 1;
  Token mark{.kind = Token::Kind::kMark, .text = std::string(rest_.substr(0, size))};
  rest_.remove_prefix(size);
  return mark;
}

const Token& TextLexer::Peek() {
  if (!std::exchange(has_token_, true)) token_ = Read();
  return token_;
}

Token TextLexer::Take() {
  Peek();
  has_token_ = false;
  return std::move(token_);
}

bool TextLexer::TakeIf(std::string_view text) {
  const Token& next = Peek();
  const bool fits =
      (next.kind == Token::Kind::kMark || next.kind == Token::Kind::kWord) && next.text == text;
  if (fits) Take();
  return fits;
}

Status TextLexer::Expected(std::string_view what) {
  const Token& next = Peek();
  const std::string found = next.kind == Token::Kind::kEnd ? "the end" : Printable(next.text, 40);
  return InvalidArgument(fmt::format("line {}: {} is expected, not {}", line_, what, found));
}

}  // namespace slipway::graph
