// SPDX-License-Identifier: BSD-3-Clause
// Reads the case files of tests/oracle; the first lines of each file say what it holds.
// Standard library only. Everything that is not as described there throws std::runtime_error with file and line.
#pragma once

#include <charconv>
#include <cstddef>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xautodiff::oracle
{
    /// Row major; rank 0 has one value.
    struct array
    {
        std::vector<std::ptrdiff_t> extents;
        std::vector<double> values;
    };

    /// A tensor and the text PyTorch prints for it (print_cases.txt).
    struct print_case
    {
        std::string name;
        array values;
        bool requires_grad = false;
        std::string grad_fn;
        bool single_precision = false;
        std::string text;
    };

    /// An operation at a point (op_cases.txt). An empty optional is an argument that takes no gradient.
    struct op_case
    {
        std::string name;
        std::string operation;
        std::string grad_fn;  ///< PyTorch's name of the result's function; empty where the file gives none
        std::vector<array> arguments;
        std::vector<int> parameters;
        array output;
        /// Shaped as the output.
        array seed;
        /// Of sum(seed * output), one per argument.
        std::vector<std::optional<array>> gradients;
        /// None, or one per argument.
        std::vector<array> directions;
        /// Where there are directions: the gradients of sum over arguments of sum(gradient * direction).
        std::vector<std::optional<array>> second;
    };

    /// What PyTorch says when something is wrong (error_cases.txt).
    struct error_case
    {
        std::string name;
        std::string code;
        std::string type;
        std::string text;
    };

    namespace detail
    {
        /// The fields of one case, in the order of the file.
        class record
        {
        public:
            std::string name;
            std::string place;
            std::vector<std::pair<std::string, std::string>> fields;

            [[noreturn]] void fail(const std::string& what) const
            {
                throw std::runtime_error(place + ": case " + name + ": " + what);
            }

            std::vector<std::string> all(std::string_view key) const
            {
                std::vector<std::string> found;
                for (const auto& [field, rest] : fields)
                {
                    if (field == key)
                    {
                        found.push_back(rest);
                    }
                }
                return found;
            }

            std::string one(std::string_view key) const
            {
                auto found = all(key);
                if (found.size() != 1)
                {
                    fail("needs one " + std::string(key));
                }
                return std::move(found.front());
            }

            std::string one_or_empty(std::string_view key) const { return all(key).empty() ? std::string() : one(key); }

            bool flag(std::string_view key) const { return number<int>(one(key)) != 0; }

            /// Operators >> read neither inf nor nan.
            template <class T>
            T number(std::string_view word) const
            {
                T value{};
                const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
                if (error != std::errc{} || end != word.data() + word.size())
                {
                    fail("not a number: " + std::string(word));
                }
                return value;
            }

            template <class T>
            std::vector<T> numbers(const std::string& text) const
            {
                std::istringstream words(text);
                std::vector<T> result;
                for (std::string word; words >> word;)
                {
                    result.push_back(number<T>(word));
                }
                return result;
            }

            array to_array(const std::string& text) const
            {
                array result;
                std::istringstream words(text);
                std::string word;
                words >> word;
                std::size_t size = 1;
                for (auto rank = number<std::size_t>(word); rank != 0; --rank)
                {
                    word.clear();
                    words >> word;
                    const auto extent = number<std::size_t>(word);
                    result.extents.push_back(static_cast<std::ptrdiff_t>(extent));
                    size *= extent;
                }
                while (words >> word)
                {
                    result.values.push_back(number<double>(word));
                }
                if (result.values.size() != size)
                {
                    fail("shape and values differ: " + text);
                }
                return result;
            }

            std::vector<std::optional<array>> optional_arrays(std::string_view key) const
            {
                std::vector<std::optional<array>> result;
                for (const std::string& text : all(key))
                {
                    result.push_back(text == "none" ? std::nullopt : std::optional(to_array(text)));
                }
                return result;
            }

            std::string to_text(const std::string& escaped) const
            {
                std::string result;
                for (std::size_t i = 0; i < escaped.size(); ++i)
                {
                    if (escaped[i] == '\\' && ++i == escaped.size())
                    {
                        fail("ends in a lone backslash");
                    }
                    const bool new_line = i != 0 && escaped[i - 1] == '\\' && escaped[i] == 'n';
                    result += new_line ? '\n' : escaped[i];
                }
                return result;
            }
        };

        inline std::vector<record> read_records(const std::string& path)
        {
            std::ifstream file(path);
            std::vector<record> records;
            std::size_t line_number = 0;
            for (std::string line; std::getline(file, line);)
            {
                ++line_number;
                if (line.empty() || line.front() == '#')
                {
                    continue;
                }
                const std::size_t space = line.find(' ');
                const std::string key = line.substr(0, space);
                const std::string rest = space == std::string::npos ? std::string() : line.substr(space + 1);
                if (key == "case")
                {
                    records.push_back({rest, path + ":" + std::to_string(line_number), {}});
                }
                else if (records.empty())
                {
                    throw std::runtime_error(path + ": a field before the first case");
                }
                else
                {
                    records.back().fields.emplace_back(key, rest);
                }
            }
            if (records.empty())
            {
                throw std::runtime_error(path + ": no cases");
            }
            return records;
        }
    }

    inline std::vector<print_case> read_print_cases(const std::string& path)
    {
        std::vector<print_case> cases;
        for (const auto& record : detail::read_records(path))
        {
            cases.push_back({record.name, record.to_array(record.one("values")), record.flag("requires_grad"),
                             record.one_or_empty("grad_fn"), record.flag("single_precision"),
                             record.to_text(record.one("text"))});
        }
        return cases;
    }

    inline std::vector<op_case> read_op_cases(const std::string& path)
    {
        std::vector<op_case> cases;
        for (const auto& record : detail::read_records(path))
        {
            op_case result;
            result.name = record.name;
            result.operation = record.one("operation");
            result.grad_fn = record.one_or_empty("grad_fn");
            for (const std::string& text : record.all("argument"))
            {
                result.arguments.push_back(record.to_array(text));
            }
            result.parameters = record.numbers<int>(record.one_or_empty("parameters"));
            result.output = record.to_array(record.one("output"));
            result.seed = record.to_array(record.one("seed"));
            result.gradients = record.optional_arrays("gradient");
            for (const std::string& text : record.all("direction"))
            {
                result.directions.push_back(record.to_array(text));
            }
            result.second = record.optional_arrays("second");
            const std::size_t count = result.arguments.size();
            if (result.seed.extents != result.output.extents || result.gradients.size() != count
                || result.directions.size() != result.second.size()
                || (!result.second.empty() && result.second.size() != count))
            {
                record.fail("its arrays do not belong together");
            }
            cases.push_back(std::move(result));
        }
        return cases;
    }

    inline std::vector<error_case> read_error_cases(const std::string& path)
    {
        std::vector<error_case> cases;
        for (const auto& record : detail::read_records(path))
        {
            cases.push_back({record.name, record.to_text(record.one("code")), record.one("type"),
                             record.to_text(record.one("text"))});
        }
        return cases;
    }
}
