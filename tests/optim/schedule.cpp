#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/optim/adagrad.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/compose.hpp>
#include <xgrad/optim/cosine.hpp>
#include <xgrad/optim/decay.hpp>
#include <xgrad/optim/one_cycle.hpp>
#include <xgrad/optim/plateau.hpp>
#include <xgrad/optim/schedule.hpp>
#include <xgrad/optim/sgd.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

namespace xg = xgrad;
namespace optim = xgrad::optim;

namespace {

constexpr auto no_number = std::numeric_limits<double>::quiet_NaN();
constexpr auto infinity = std::numeric_limits<double>::infinity();

xg::parameter_list<float> two_parameters() {
    return {{"weight", xg::zeros<float>({2}).requires_grad(true)}, {"bias", xg::zeros<float>({2}).requires_grad(true)}};
}

void check_close(double a, double b) {
    CHECK(std::fabs(a - b) <= 1e-15 + 1e-12 * std::fabs(b));
}

/// By an optimizer with the learning rate 0.5, one step after another; and each step for itself, resumed from a state.
void check(const optim::schedule& plan, const std::vector<double>& wanted) {
    auto opt = optim::sgd{two_parameters(), {.lr = 0.5}};
    auto scheduler = optim::scheduler{opt, plan};
    for (auto k = std::size_t{0}; k < wanted.size(); ++k, scheduler.step()) {
        CAPTURE(k);
        check_close(opt.lr(), wanted[k]);
        auto other = optim::sgd{two_parameters(), {.lr = 7}};
        auto resumed = optim::scheduler{other, plan};
        resumed.load_state(scheduler.state());
        CHECK(other.lr() == opt.lr());
        CHECK(resumed.step_number() == k);
    }
}

std::vector<double> first(const optim::schedule& plan, std::size_t count) {
    auto rates = std::vector<double>{};
    for (auto k = std::size_t{0}; k < count; ++k) rates.push_back(plan(1, k));
    return rates;
}

}  // namespace

// The figures: torch.optim.lr_scheduler of PyTorch 1.13.
TEST_CASE("schedules: PyTorch's figures") {
    check(optim::step_lr{.step_size = 3, .gamma = 0.5},
          {0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125, 0.0625, 0.0625, 0.0625});
    check(optim::multistep_lr{.milestones = {4, 0, 7, 7}, .gamma = 0.5},
          {0.25, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125, 0.03125, 0.03125, 0.03125, 0.03125, 0.03125});
    check(optim::exponential_lr{.gamma = 0.8},
          {0.5, 0.4, 0.3200000000000001, 0.2560000000000001, 0.2048000000000001, 0.1638400000000001,
           0.131072, 0.1048576000000001, 0.08388608000000004, 0.06710886400000003, 0.05368709120000003,
           0.04294967296000003});
    check(optim::polynomial_lr{.total_iters = 6, .power = 2},
          {0.5, 0.3472222222222223, 0.2222222222222223, 0.125, 0.05555555555555558, 0.01388888888888889,
           0.0, 0.0, 0.0, 0.0, 0.0, 0.0});
    check(optim::linear_lr{.start_factor = 0.25, .end_factor = 0.75, .total_iters = 6},
          {0.125, 0.1666666666666667, 0.2083333333333333, 0.25, 0.2916666666666666, 0.3333333333333333,
           0.3749999999999999, 0.3749999999999999, 0.3749999999999999, 0.3749999999999999,
           0.3749999999999999, 0.3749999999999999});
    check(optim::constant_lr{.factor = 0.25, .total_iters = 4},
          {0.125, 0.125, 0.125, 0.125, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5});
    check(optim::cosine_annealing_lr{.t_max = 5, .eta_min = 0.1},
          {0.5, 0.4618033988749896, 0.3618033988749896, 0.2381966011250106, 0.1381966011250106, 0.1,
           0.1381966011250105, 0.2381966011250106, 0.3618033988749897, 0.4618033988749899,
           0.5000000000000004, 0.46180339887499});
    check(optim::cosine_annealing_warm_restarts{.t_0 = 2, .t_mult = 2, .eta_min = 0.1},
          {0.5, 0.3, 0.5, 0.4414213562373095, 0.3, 0.1585786437626905, 0.5, 0.4847759065022573,
           0.4414213562373095, 0.376536686473018, 0.3, 0.2234633135269821, 0.1585786437626905,
           0.1152240934977427, 0.5, 0.4961570560806461});
    check(optim::cosine_annealing_warm_restarts{.t_0 = 3},
          {0.5, 0.375, 0.1250000000000001, 0.5, 0.375, 0.1250000000000001, 0.5, 0.375, 0.1250000000000001,
           0.5, 0.375, 0.1250000000000001});
    check(optim::one_cycle_lr{.total_steps = 12},
          {0.02000000000000002, 0.1748948271097915, 0.4396425795610643, 0.4972077177254559,
           0.4665064849207058, 0.4058728269748815, 0.3236894988475517, 0.2313185513334875,
           0.1415304991043496, 0.0667387650944153, 0.01728349371269761, 2e-06});
    check(optim::one_cycle_lr{.max_lr = 0.5, .total_steps = 12, .strategy = optim::anneal::linear, .div_factor = 10,
                                     .final_div_factor = 100, .three_phase = true},
          {0.05, 0.2230769230769231, 0.3961538461538462, 0.4307692307692307, 0.2576923076923076,
           0.08461538461538448, 0.04317241379310344, 0.03463793103448276, 0.02610344827586207,
           0.01756896551724137, 0.00903448275862069, 0.0005000000000000004});
    check(optim::one_cycle_lr{.total_steps = 5, .pct_start = 1},
          {0.02000000000000002, 0.09029437251522865, 0.26, 0.4297056274847714, 0.5});
    check(optim::one_cycle_lr{.total_steps = 2},
          {0.4058728269748815, 2e-06});
}

TEST_CASE("schedules: no steps, and the last one") {
    CHECK(first(optim::linear_lr{.start_factor = 0.1, .total_iters = 0}, 2) == std::vector<double>{1, 1});
    CHECK(first(optim::constant_lr{.total_iters = 0}, 2) == std::vector<double>{1, 1});
    CHECK(first(optim::polynomial_lr{.total_iters = 0}, 2) == std::vector<double>{0, 0});
    CHECK(optim::cosine_annealing_lr{.t_max = 7, .eta_min = 0.25}(1, 7) == 0.25);
    CHECK(optim::polynomial_lr{.total_iters = 7, .power = 0.5}(1, 7) == 0);
    CHECK(optim::linear_lr{.start_factor = 0.1, .total_iters = 3}(0.3, 3) == 0.3);
    CHECK(optim::one_cycle_lr{.total_steps = 1}(1, 0) == 1 / 25.0 / 1e4);
    CHECK(optim::one_cycle_lr{.total_steps = 20}(1, 19) == 1 / 25.0 / 1e4);
    CHECK(optim::one_cycle_lr{.total_steps = 20}(1, 50) == 1 / 25.0 / 1e4);
    CHECK(optim::one_cycle_lr{.total_steps = 20, .three_phase = true}(1, 19) == 1 / 25.0 / 1e4);
}

TEST_CASE("schedules: one cycle moves the momentum against the learning rate") {
    // The figures: torch.optim.lr_scheduler.OneCycleLR of PyTorch 1.13.
    const auto follow = [](auto& opt, const optim::schedule& plan, const auto& momentum, std::size_t steps) {
        auto scheduler = optim::scheduler{opt, plan};
        auto found = std::vector<double>{momentum(opt)};
        for (auto k = std::size_t{1}; k < steps; ++k) {
            scheduler.step();
            found.push_back(momentum(opt));
        }
        return found;
    };
    const auto of_sgd = [](const auto& opt) { return opt.options().momentum; };
    auto sgd = optim::sgd{two_parameters(), {.lr = 0.5, .momentum = 0.3}};
    const auto found = follow(sgd, optim::one_cycle_lr{.total_steps = 8}, of_sgd, 9);
    const auto wanted = std::vector<double>{0.95, 0.8688255099070633, 0.8528058334845816, 0.8688255099070633, 0.8944017761948346, 0.9216941869558779, 0.9423362099614142, 0.95};
    for (auto k = std::size_t{0}; k < wanted.size(); ++k) check_close(found[k], wanted[k]);
    CHECK(found[8] == 0.95);

    auto adam = optim::adam{two_parameters(), {.lr = 0.5}};
    const auto three = follow(adam, optim::one_cycle_lr{.total_steps = 8, .strategy = optim::anneal::linear, .three_phase = true,
                                                        .base_momentum = 0.5, .max_momentum = 0.75},
                              [](const auto& opt) { return opt.options().betas[0]; }, 8);
    const auto betas = std::vector<double>{0.75, 0.5714285714285714, 0.6071428571428572, 0.75, 0.75, 0.75, 0.75, 0.75};
    for (auto k = std::size_t{0}; k < betas.size(); ++k) check_close(three[k], betas[k]);

    auto still = optim::sgd{two_parameters(), {.momentum = 0.3}};
    follow(still, optim::one_cycle_lr{.total_steps = 8, .cycle_momentum = false}, of_sgd, 8);
    CHECK(still.options().momentum == 0.3);
    auto without = optim::adagrad{two_parameters(), {}};
    CHECK_THROWS_AS((optim::scheduler{without, optim::one_cycle_lr{.total_steps = 8}}), xg::value_error);
    CHECK_THROWS_AS((optim::scheduler{sgd, optim::one_cycle_lr{.total_steps = 8, .max_momentum = 1}}), xg::value_error);

    // Within others, and resumed where a later schedule has no momentum to set.
    const auto plan = optim::sequential_lr{{optim::constant_lr{}, optim::one_cycle_lr{.total_steps = 5}, optim::step_lr{}}, {0, 3}};
    auto one = optim::sgd{two_parameters(), {.lr = 0.5}}, other = optim::sgd{two_parameters(), {.lr = 0.5}};
    const auto whole = follow(one, plan, of_sgd, 6);
    CHECK(whole[5] == whole[2]);
    CHECK(whole[2] != 0.95);
    auto resumed = optim::scheduler{other, plan};
    resumed.go_to(5);
    CHECK(other.options().momentum == whole[5]);
    CHECK_FALSE((optim::sequential_lr{{optim::one_cycle_lr{.total_steps = 5}, optim::step_lr{}}, {0}}.momentum(3).has_value()));
    CHECK(optim::chained_lr{{optim::one_cycle_lr{.total_steps = 5}, optim::step_lr{}}}.momentum(4) == 0.95);
}

TEST_CASE("schedules: restarts at exact powers") {
    // 3 (1 + 5 + 25 + ... ) steps: there a logarithm is off by one in its last digit.
    auto begin = std::size_t{0}, length = std::size_t{3};
    const auto plan = optim::cosine_annealing_warm_restarts{.t_0 = 3, .t_mult = 5};
    for (auto run = 0; run < 12; ++run, begin += length, length *= 5) {
        CHECK(plan(1, begin) == 1);
        if (begin != 0) CHECK(plan(1, begin - 1) < 0.3);
    }
    CHECK(optim::cosine_annealing_warm_restarts{.t_0 = 1}(1, 1000) == 1);

    // Runs of more steps than can be counted end nowhere, and the search for them ends.
    const auto huge = std::size_t{1} << (std::numeric_limits<std::size_t>::digits / 2);
    CHECK(optim::cosine_annealing_warm_restarts{.t_0 = huge, .t_mult = huge}(1, huge) == 1);
    for (const auto mult : {2, 3, 10}) CHECK(optim::cosine_annealing_warm_restarts{.t_0 = 1, .t_mult = std::size_t(mult)}(1, std::size_t(-1)) <= 1);
    CHECK(optim::cosine_annealing_lr{.t_max = huge * (huge / 2)}(1, 1) == 1);
}

TEST_CASE("schedules: one cycle with an empty phase begins with the largest") {
    for (const auto share : {0.0, 0.1}) {
        const auto plan = optim::one_cycle_lr{.total_steps = 10, .pct_start = share};
        CHECK(plan(1, 0) == 1);
        CHECK(plan(1, 1) < 1);
        CHECK(plan(1, 9) == 1 / 25.0 / 1e4);
    }
    for (const auto share : {0.0, 0.1, 0.5, 0.9, 1.0})
        for (auto k = std::size_t{0}; k < 12; ++k) {
            const auto lr = optim::one_cycle_lr{.total_steps = 10, .pct_start = share, .three_phase = true}(1, k);
            CHECK(lr > 0);
            CHECK(lr <= 1);
        }
}

TEST_CASE("schedules: composed") {
    const auto warm = optim::sequential_lr{{optim::linear_lr{.start_factor = 0.5, .total_iters = 2}, optim::exponential_lr{.gamma = 0.5}}, {2}};
    CHECK(first(warm, 5) == std::vector<double>{0.5, 0.75, 1, 0.5, 0.25});
    const auto at_once = optim::sequential_lr{{optim::constant_lr{}, optim::exponential_lr{.gamma = 0.5}}, {0}};
    CHECK(first(at_once, 3) == std::vector<double>{1, 0.5, 0.25});
    const auto both = optim::chained_lr{{optim::constant_lr{.factor = 0.5, .total_iters = 2}, optim::exponential_lr{.gamma = 0.5}}};
    CHECK(first(both, 4) == std::vector<double>{0.5, 0.25, 0.25, 0.125});
    const auto inside = optim::sequential_lr{{both, [](double base, std::size_t step) { return base / static_cast<double>(1 + step); }}, {3}};
    CHECK(first(inside, 5) == std::vector<double>{0.5, 0.25, 0.25, 1, 0.5});
    CHECK_THROWS_AS((optim::sequential_lr{{optim::constant_lr{}}, {2}}), xg::value_error);
    CHECK_THROWS_WITH_AS((optim::sequential_lr{{optim::constant_lr{}, optim::constant_lr{}, optim::constant_lr{}}, {5, 2}}),
                         "[sequential_lr] no milestone may be below the one before it, got (5, 2)", xg::value_error);
    CHECK_THROWS_AS((optim::chained_lr{{}}), xg::value_error);
}

TEST_CASE("schedules: options out of range") {
    auto opt = optim::sgd{two_parameters(), {.lr = 0.5}};
    CHECK_THROWS_WITH_AS((optim::scheduler{opt, optim::step_lr{.step_size = 0}}), "[step_lr] step_size must be at least 1", xg::value_error);
    CHECK_THROWS_AS((optim::scheduler{opt, optim::exponential_lr{.gamma = -1}}), xg::value_error);
    CHECK_THROWS_AS((optim::scheduler{opt, optim::cosine_annealing_lr{.t_max = 0}}), xg::value_error);
    CHECK_THROWS_AS((optim::scheduler{opt, optim::cosine_annealing_warm_restarts{.t_mult = 0}}), xg::value_error);
    CHECK_THROWS_AS((optim::scheduler{opt, optim::one_cycle_lr{.total_steps = 0}}), xg::value_error);
    CHECK_THROWS_AS((optim::scheduler{opt, optim::one_cycle_lr{.pct_start = 1.5}}), xg::value_error);
    CHECK_THROWS_AS((optim::scheduler{opt, optim::one_cycle_lr{.base_momentum = 1}}), xg::value_error);
    CHECK_THROWS_AS((optim::scheduler{opt, optim::one_cycle_lr{.max_momentum = no_number}}), xg::value_error);
    CHECK_THROWS_AS((optim::scheduler{opt, optim::polynomial_lr{.power = no_number}}), xg::value_error);
    CHECK_THROWS_AS((optim::scheduler{opt, [](double, std::size_t) { return -1.0; }}), xg::value_error);
    CHECK(opt.lr() == 0.5);
}

TEST_CASE("a scheduler: each group from its own learning rate") {
    auto opt = optim::adam{two_parameters(), {.lr = 0.5}};
    opt.add_group([](std::string_view name) { return name == "bias"; }, {.lr = 2});
    auto plan = optim::scheduler{opt, optim::exponential_lr{.gamma = 0.5}};
    plan.step();
    CHECK(opt.group_lr(0) == 0.25);
    CHECK(opt.group_lr(1) == 1);
    plan.go_to(3);
    CHECK(opt.options(1).lr == 0.25);
    CHECK(plan.step_number() == 3);
    auto state = plan.state();
    state[1] = xg::parameter<double>{"schedule.base_lrs", xg::zeros<double>({1})};
    CHECK_THROWS_AS(plan.load_state(state), xg::shape_error);
    state[1] = xg::parameter<double>{"schedule.base_lrs", xg::full<double>({2}, -1)};
    CHECK_THROWS_AS(plan.load_state(state), xg::value_error);
    plan.go_to(3);
    CHECK(opt.group_lr(0) == 0.0625);
    state.pop_back();
    CHECK_THROWS_WITH_AS(plan.load_state(state), "[load_state] schedule.base_lrs is missing", xg::value_error);
    CHECK(plan.step_number() == 3);
}

namespace {

std::vector<double> fall(const optim::plateau_options& options, const std::vector<double>& metrics) {
    auto opt = optim::sgd{two_parameters(), {.lr = 1}};
    auto plan = optim::reduce_lr_on_plateau{opt, options};
    auto rates = std::vector<double>{};
    for (const auto metric : metrics) {
        // Written down and gone on with by another one each time.
        auto other = optim::sgd{two_parameters(), {.lr = 1}};
        auto resumed = optim::reduce_lr_on_plateau{other, options};
        resumed.load_state(plan.state());
        plan.step(metric);
        resumed.step(metric);
        CHECK(other.lr() == opt.lr());
        rates.push_back(opt.lr());
    }
    return rates;
}

}  // namespace

TEST_CASE("reduce_lr_on_plateau: PyTorch's figures") {
    CHECK(fall({.factor = 0.5, .patience = 1}, {1, .9, .95, .95, .95, .5, .5, .5, .5, .5}) ==
          std::vector<double>{1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125});
    CHECK(fall({.mode = optim::plateau_mode::max, .factor = 0.5, .patience = 0, .threshold = 0.01,
                .threshold_mode = optim::plateau_threshold::abs, .cooldown = 1, .min_lr = 0.2},
               {1, 1.1, 1.1005, 1.1, 1.1, 1.1, 1.1, 1.3}) ==
          std::vector<double>{1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2});
}

TEST_CASE("reduce_lr_on_plateau: NaN is bad, and negative metrics mean what they say") {
    CHECK(fall({.factor = 0.5, .patience = 0}, {no_number, 1, no_number, 0.5, no_number}) == std::vector<double>{0.5, 0.5, 0.25, 0.25, 0.125});
    CHECK(fall({.factor = 0.5, .patience = 0}, {infinity, 5}) == std::vector<double>{0.5, 0.5});
    // -0.99995 is worse than -1, -1.00005 better by too little, -1.001 better.
    CHECK(fall({.factor = 0.5, .patience = 0}, {-1, -0.99995, -1.00005, -1.001}) == std::vector<double>{1, 0.5, 0.25, 0.25});
    CHECK(fall({.mode = optim::plateau_mode::max, .factor = 0.5, .patience = 0}, {-1, -1.00005, -0.99995, -0.9}) ==
          std::vector<double>{1, 0.5, 0.25, 0.25});
    CHECK(fall({.factor = 0.5, .patience = 0}, {0, 0, -1e-9}) == std::vector<double>{1, 0.5, 0.5});
}

TEST_CASE("reduce_lr_on_plateau: options out of range, a state that does not fit") {
    auto opt = optim::sgd{two_parameters(), {.lr = 1}};
    CHECK_THROWS_AS((optim::reduce_lr_on_plateau{opt, {.factor = 1}}), xg::value_error);
    CHECK_THROWS_AS((optim::reduce_lr_on_plateau{opt, {.threshold = -1}}), xg::value_error);
    auto plan = optim::reduce_lr_on_plateau{opt};
    CHECK(plan.best() == infinity);
    CHECK_THROWS_AS(plan.load_state(xg::parameter_list<double>{{"plateau", xg::zeros<double>({2})}}), xg::shape_error);
    CHECK_THROWS_AS(plan.load_state(xg::parameter_list<double>{{"plateau", xg::zeros<double>({3})}}), xg::value_error);
}
