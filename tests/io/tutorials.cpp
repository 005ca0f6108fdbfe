// SPDX-License-Identifier: BSD-3-Clause
// What the tutorials' programs print is what PyTorch printed: every tensor and every error of tests/oracle/tutorials.txt is in
// the transcript of its program, in the same order.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace
{
    using texts = std::vector<std::string>;

    std::string read(const std::filesystem::path& file)
    {
        std::ifstream in(file);
        REQUIRE_MESSAGE(in.good(), file);
        std::ostringstream all;
        all << in.rdbuf();
        return all.str();
    }

    /// What PyTorch printed in the sessions 1, 2, ...
    texts sessions()
    {
        std::istringstream in(read(std::filesystem::path(XAUTODIFF_TEST_DATA) / "tutorials.txt"));
        texts out;
        for (std::string line; std::getline(in, line);)
        {
            if (line.rfind("== ", 0) == 0)
            {
                out.emplace_back();
            }
            else if (!out.empty() && line.rfind(">>> ", 0) != 0 && line.rfind("... ", 0) != 0)
            {
                out.back() += line + '\n';
            }
        }
        return out;
    }

    std::string transcript(std::size_t number)
    {
        const std::string digits = (number < 10 ? "0" : "") + std::to_string(number);
        for (const auto& file : std::filesystem::directory_iterator(
                 std::filesystem::path(XAUTODIFF_TEST_DATA).parent_path().parent_path() / "examples"))
        {
            const std::string name = file.path().filename().string();
            if (name.rfind("tutorial_" + digits, 0) == 0 && file.path().extension() == ".out")
            {
                return read(file.path());
            }
        }
        FAIL("no transcript of tutorial " << number);
        return {};
    }

    /// The texts `tensor(...)` of a session. A repetition is left out: Python also prints what an expression gives.
    texts tensors(const std::string& session)
    {
        texts out;
        for (std::size_t begin = session.find("tensor("); begin != std::string::npos;)
        {
            std::size_t end = begin + 7;
            for (int depth = 1; depth > 0; ++end)
            {
                REQUIRE(end < session.size());
                depth += session[end] == '(' ? 1 : session[end] == ')' ? -1 : 0;
            }
            std::string text = session.substr(begin, end - begin);
            if (out.empty() || text != out.back())
            {
                out.push_back(std::move(text));
            }
            begin = session.find("tensor(", end);
        }
        return out;
    }

    /// Checks that the texts occur one after the other.
    void check_in_order(const std::string& where, const texts& expected)
    {
        std::size_t at = 0;
        for (const std::string& text : expected)
        {
            const std::size_t found = where.find(text, at);
            CHECK_MESSAGE(found != std::string::npos, text);
            at = found == std::string::npos ? at : found + text.size();
        }
    }
}

TEST_CASE("the tutorials print PyTorch's tensors")
{
    const texts expected = sessions();
    REQUIRE(expected.size() == 10);
    for (std::size_t i = 0; i < 8; ++i)
    {
        CAPTURE(i + 1);
        CHECK(tensors(expected[i]).size() >= 2);
        check_in_order(transcript(i + 1), tensors(expected[i]));
    }
    // The first of session 9 holds random numbers; session 10 has none but what it changes.
    texts ninth = tensors(expected[8]);
    REQUIRE(ninth.size() == 4);
    ninth.erase(ninth.begin());
    check_in_order(transcript(9), ninth);
}

TEST_CASE("the tutorials print PyTorch's errors")
{
    texts expected;
    std::istringstream lines(sessions()[9]);
    for (std::string line; std::getline(lines, line);)
    {
        const std::string mark = "RuntimeError: ";
        // Up to the hint, which is about Python; what is wrong with a leaf of integers, a C++ compiler says.
        if (line.rfind(mark, 0) == 0 && line.find("complex dtype") == std::string::npos)
        {
            expected.push_back(line.substr(mark.size(), line.find(" Hint:") - mark.size()));
        }
    }
    REQUIRE(expected.size() == 5);
    check_in_order(transcript(10), expected);
}
