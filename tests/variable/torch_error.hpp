// SPDX-License-Identifier: BSD-3-Clause
// What goes wrong, and what PyTorch says of it (tests/oracle/error_cases.txt).
#pragma once

#include <xautodiff/array/error.hpp>

#include <algorithm>

#include "../oracle/cases.hpp"

namespace xautodiff::oracle
{
    /// The words of the named case.
    inline std::string torch_says(const std::string& name)
    {
        static const std::vector<error_case> cases = read_error_cases(XAUTODIFF_TEST_DATA "/error_cases.txt");
        const auto found = std::find_if(cases.begin(), cases.end(), [&](const auto& c) { return c.name == name; });
        if (found == cases.end())
        {
            throw std::runtime_error("no error case " + name);
        }
        return found->text;
    }

    /// A message up to its hint: PyTorch's is about Python.
    inline std::string before_hint(const std::string& text) { return text.substr(0, text.find(" Hint:")); }

    inline std::string torch_says_before_hint(const std::string& name) { return before_hint(torch_says(name)); }

    /// What the error says that f throws.
    template <class F>
    std::string error_of(F f)
    {
        try
        {
            f();
        }
        catch (const error& e)
        {
            return e.what();
        }
        return "no error";
    }
}
